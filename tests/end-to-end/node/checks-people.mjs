// Client results, and who a connection belongs to.
import { Inbox, contains, equal, failure, pause, within } from "./lab.mjs";

export const people = [
  {
    feature: "client results", title: "the caller answers, at once and later", since: 7,
    async check(lab) {
      for (const double of [value => 2 * value, async value => { await pause(50); return 2 * value; }]) {
        const connection = await lab.connect("/hubs/conformance", { on: { Double: double } });
        equal(await connection.invoke("AskCaller", 21), 42);
      }
    },
  },
  {
    feature: "client results", title: "another client answers", since: 7,
    async check(lab) {
      const other = await lab.connect("/hubs/conformance", { on: { Double: value => 3 * value } });
      const connection = await lab.connect();
      equal(await connection.invoke("AskClient", other.connectionId, 5), 15);
    },
  },
  {
    feature: "client results", title: "a client that fails, or has no answer, fails the question", since: 7,
    async check(lab) {
      const failing = await lab.connect("/hubs/conformance", { on: { Double() { throw new Error("no idea"); } } });
      contains(await failing.invoke("AskCallerCatching", 1), "no idea");
      contains(await failure(failing.invoke("AskCaller", 1)), "An unexpected error occurred invoking 'AskCaller' on the server.");
      const silent = await lab.connect();
      contains(await silent.invoke("AskCallerCatching", 1), "Client didn't provide a result.");
      const wrong = await lab.connect("/hubs/conformance", { on: { Double: () => "two" } });
      contains(await wrong.invoke("AskCallerCatching", 1), "Error trying to deserialize result to Int32.");
      equal(await wrong.invoke("Add", 1, 2), 3);
    },
  },
  {
    feature: "client results", title: "a client that goes away fails the question", since: 7,
    async check(lab) {
      const other = await lab.connect("/hubs/conformance", { on: { Double: () => new Promise(() => {}) } });
      const connection = await lab.connect();
      const question = failure(connection.invoke("AskClient", other.connectionId, 5));
      await pause(100);
      await other.stop();
      contains(await question, "An unexpected error occurred invoking 'AskClient' on the server.");
      contains(await failure(connection.invoke("AskClient", "nobody", 5)), "An unexpected error occurred invoking 'AskClient' on the server.");
    },
  },
  {
    feature: "client results", title: "a client answers who asks from outside of hubs", since: 7,
    async check(lab) {
      const connection = await lab.connect("/hubs/conformance", { on: { Double: value => 2 * value } });
      const answer = await fetch(`${lab.server}/ask/${connection.connectionId}?value=8`);
      equal(await answer.text(), "16");
    },
  },
  {
    feature: "users", title: "a token makes a user, and all connections of that user are reached",
    async check(lab) {
      const name = `ann-${Math.random()}`;
      const token = await lab.token(name);
      const as = { options: { accessTokenFactory: () => token } };
      const [one, two, other] = [await lab.connect("/hubs/conformance", as), await lab.connect("/hubs/conformance", as), await lab.connect()];
      equal(await one.invoke("UserId"), name);
      equal(await other.invoke("UserId"), null);
      const inboxes = [one, two, other].map(connection => new Inbox(connection, "Note"));
      await other.invoke("SendToUser", name, "Note", "hello");
      await other.invoke("SendToCaller", "Note", "end");
      equal(await inboxes[0].next(), "hello");
      equal(await inboxes[1].next(), "hello");
      equal(await inboxes[2].next(), "end");
    },
  },
  {
    feature: "users", title: "a method for users answers them only",
    async check(lab) {
      const stranger = await lab.connect();
      equal(await failure(stranger.invoke("OnlyNamed")), "Failed to invoke 'OnlyNamed' because user is unauthorized");
      const user = await lab.connect("/hubs/conformance", { options: { accessTokenFactory: () => lab.token("bob") } });
      equal(await user.invoke("OnlyNamed"), "welcome bob");
    },
  },
  {
    feature: "users", title: "a hub for users lets nobody else in",
    async check(lab) {
      const status = lab.generation > 1 ? "401" : "Unauthorized";
      contains(await failure(lab.connect("/hubs/authorized")), status);
      contains(await failure(lab.connect("/hubs/authorized", { options: { accessTokenFactory: () => "a.b.c" } })), status);
      const user = await lab.connect("/hubs/authorized", { options: { accessTokenFactory: () => lab.token("carl") } });
      equal(await user.invoke("UserId"), "carl");
    },
  },
  {
    feature: "users", title: "a token is enough where the negotiation is skipped", only: lab => lab.transport === "WebSockets",
    async check(lab) {
      const user = await lab.connect("/hubs/authorized", { options: { skipNegotiation: true, accessTokenFactory: () => lab.token("eve") } });
      equal(await user.invoke("UserId"), "eve");
    },
  },
  {
    feature: "users", title: "a token that expires ends the connection, which comes back with a new one", since: 5,
    async check(lab) {
      const begin = Date.now();
      const connection = await lab.connect("/hubs/authorized", {
        reconnect: [0, 200, 1_000],
        options: { accessTokenFactory: () => lab.token("dora", Date.now() - begin < 1_000 ? 2 : 600) },
      });
      const again = new Promise(done => connection.onreconnected(done));
      await within("another connection", again);
      equal(await connection.invoke("UserId"), "dora");
    },
  },
];
