// What happens when the wire is cut.
import { Inbox, closed, collect, equal, failure, pause, within } from "./lab.mjs";

const heard = (connection, event) => within(event, new Promise(done => connection[event](done)));

// A browser asks again by itself when a request without a body is cut: the client does not hear of it.
const noticed = lab => !lab.browser || lab.transport !== "LongPolling";

export const reconnects = [
  {
    feature: "reconnect", title: "a cut wire ends a connection that is not to reconnect", only: noticed,
    async check(lab) {
      const connection = await lab.connect("/hubs/conformance", { via: lab.wire });
      const end = closed(connection);
      const call = failure(connection.invoke("Slow", 3_000));
      await pause(50);
      await lab.command("cut");
      await end;
      await call;
    },
  },
  {
    feature: "reconnect", title: "automatic reconnect: another connection, the same handlers", since: 3, only: noticed,
    async check(lab) {
      const connection = await lab.connect("/hubs/conformance", { via: lab.wire, reconnect: [0, 100, 500, 1_000] });
      const notes = new Inbox(connection, "Note");
      const before = await lab.id(connection);
      const away = heard(connection, "onreconnecting");
      const back = heard(connection, "onreconnected");
      await lab.command("cut");
      await away;
      const after = await back;
      if (after === before) throw new Error("the same connection id");
      equal(await lab.id(connection), after);
      await connection.invoke("SendToCaller", "Note", 1);
      equal(await notes.next(), 1);
    },
  },
  {
    feature: "reconnect", title: "automatic reconnect: as often as it takes while the server is away", since: 3,
    async check(lab) {
      const connection = await lab.connect("/hubs/conformance", { via: lab.wire, reconnect: Array(40).fill(100) });
      const away = heard(connection, "onreconnecting");
      const back = heard(connection, "onreconnected");
      await lab.command("down");
      await away;
      await pause(500);
      await lab.command("up");
      await back;
      equal(await connection.invoke("Add", 1, 2), 3);
    },
  },
  {
    feature: "reconnect", title: "automatic reconnect: gives up after its attempts", since: 3,
    async check(lab) {
      const connection = await lab.connect("/hubs/conformance", { via: lab.wire, reconnect: [0, 50] });
      const end = closed(connection);
      await lab.command("down");
      await end;
      equal(connection.state, "Disconnected");
    },
  },
  {
    feature: "reconnect", title: "the watchers hear of a connection that was cut",
    // A poll that breaks off may be followed by another one for 15 s.
    only: lab => lab.transport !== "LongPolling",
    async check(lab) {
      const watcher = await lab.connect();
      const gone = new Inbox(watcher, "Gone");
      await watcher.invoke("Join", "watchers");
      const connection = await lab.connect("/hubs/conformance", { via: lab.wire });
      const id = await lab.id(connection);
      await lab.command("cut");
      while ((await gone.next())[0] !== id);
    },
  },
  ...[
    {
      title: "the same connection after a cut, and nothing heard of it",
      async check(lab) {
        const { connection } = await resumable(lab);
        const id = await lab.id(connection);
        await connection.invoke("Join", `resumed ${id}`);
        const notes = new Inbox(connection, "Note");
        await lab.command("cut");
        const other = await lab.connect("/hubs/reconnect");
        await other.invoke("SendToGroup", `resumed ${id}`, "Note", 1);
        equal(await notes.next(), 1);
        equal(await lab.id(connection), id);
      },
    },
    {
      title: "60 calls through 4 cuts are each made and answered once",
      async check(lab) {
        const { connection } = await resumable(lab);
        const notes = new Inbox(connection, "Note");
        const answers = [];
        for (let i = 0; i < 60; i++) {
          answers.push(connection.invoke("SendToCaller", "Note", i));
          if (i % 15 === 7) await lab.command("cut");
          if (i % 5 === 0) await pause(10);
          // A client that is cut again while it reconnects gives up; and a server whose buffer is full waits for it to
          // acknowledge, which it does once a second.
          if (i % 15 === 14) {
            await answers[i];
            await pause(1_100);
          }
        }
        equal(await notes.upTo(59), Array.from({ length: 60 }, (_, i) => i));
        await within("all answers", Promise.all(answers));
      },
    },
    {
      title: "messages sent while the wire is down arrive once, in order",
      async check(lab) {
        const { connection } = await resumable(lab);
        const id = await lab.id(connection);
        const notes = new Inbox(connection, "Note");
        const other = await lab.connect("/hubs/reconnect");
        await lab.command("hold");
        for (let i = 0; i < 20; i++) await other.invoke("SendToClient", id, "Note", i);
        await lab.command("up");
        equal(await notes.upTo(19), Array.from({ length: 20 }, (_, i) => i));
      },
    },
    {
      title: "more than the buffer holds waits for the client, and nothing is lost",
      async check(lab) {
        const { connection } = await resumable(lab);
        const id = await lab.id(connection);
        const notes = new Inbox(connection, "Note");
        const other = await lab.connect("/hubs/reconnect");
        await lab.command("hold");
        for (let i = 0; i < 30; i++) other.send("SendToClient", id, "Note", `${i} ${"x".repeat(300)}`).catch(() => {});
        await pause(300);
        await lab.command("up");
        for (let i = 0; i < 30; i++) equal((await notes.next()).split(" ")[0], `${i}`);
      },
    },
    {
      title: "a stream goes on after a cut, without a gap",
      async check(lab) {
        const { connection } = await resumable(lab);
        const items = collect(connection.stream("Counter", 40, 20));
        for (let i = 0; i < 3; i++) {
          await pause(200);
          await lab.command("cut");
        }
        equal(await items, Array.from({ length: 40 }, (_, i) => i));
      },
    },
  ].map(it => ({ feature: "stateful reconnect", since: 8, only: lab => lab.transport === "WebSockets", ...it })),
];

// A connection that resumes; to fall back to a new one, as without the feature, is a failure.
const resumable = async lab => {
  const connection = await lab.connect("/hubs/reconnect", { via: lab.wire, reconnect: [0, 100, 500, 1_000], stateful: true });
  connection.onreconnecting(() => { connection.stop(); });
  return { connection };
};
