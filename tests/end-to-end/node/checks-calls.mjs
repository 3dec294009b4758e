// Connecting and calling.
import { Inbox, closed, contains, equal, failure, pause } from "./lab.mjs";

const unicode = "naïve 日本語 🦀👩‍👩‍👧 \u0000\u0001\u001e\u2028 <b>&amp;'\"\\/ \r\n\t";

export const calls = [
  {
    feature: "connection", title: "start over the transport and stop without an error",
    async check(lab) {
      const connection = await lab.connect();
      equal(await connection.invoke("TransportName"), lab.transport);
      const end = closed(connection);
      await connection.stop();
      equal(await end, null);
    },
  },
  {
    feature: "connection", title: "the connection id of negotiate is the one the hub sees", since: 5,
    async check(lab) {
      const connection = await lab.connect();
      equal(await connection.invoke("CallerId"), connection.connectionId);
    },
  },
  {
    feature: "connection", title: "start again after a stop, as another connection",
    async check(lab) {
      const connection = await lab.connect();
      const first = await lab.id(connection);
      await connection.stop();
      await connection.start();
      if (await lab.id(connection) === first) throw new Error("the same connection id twice");
    },
  },
  {
    feature: "connection", title: "skip the negotiation", only: lab => lab.transport === "WebSockets",
    async check(lab) {
      const connection = await lab.connect("/hubs/conformance", { options: { skipNegotiation: true } });
      equal(await connection.invoke("Add", 1, 2), 3);
    },
  },
  {
    feature: "connection", title: "a path without a hub fails the start",
    async check(lab) {
      contains(await failure(lab.connect("/hubs/none")), lab.generation > 1 ? "404" : "Not Found");
    },
  },
  {
    feature: "LongPolling", title: "a transport that the path does not offer fails the start", since: 5,
    only: lab => lab.transport === "WebSockets",
    async check(lab) {
      contains(await failure(lab.connect("/hubs/conformance-nowebsockets")), "Unable to connect to the server with any of the available transports.");
    },
  },
  {
    feature: "LongPolling", title: "polls that time out are nothing a client notices", only: lab => lab.transport === "LongPolling",
    async check(lab) {
      const connection = await lab.connect("/hubs/conformance-nowebsockets");
      await pause(4_000);
      equal(await connection.invoke("Add", 1, 2), 3);
    },
  },
  {
    feature: "connection", title: "query parameters of the URL reach the hub",
    async check(lab) {
      const connection = await lab.connect("/hubs/conformance?color=bl%C3%A5");
      equal(await connection.invoke("Query", "color"), "blå");
      equal(await connection.invoke("Query", "size"), null);
    },
  },
  {
    feature: "connection", title: "request headers reach the hub", since: 5, only: lab => !lab.browser,
    async check(lab) {
      const connection = await lab.connect("/hubs/conformance", { options: { headers: { "X-Color": "blue" } } });
      equal(await connection.invoke("Header", "x-color"), "blue");
      equal(await connection.invoke("Header", "x-size"), null);
    },
  },
  {
    feature: "connection", title: "the server's pings keep a connection that hears nothing else",
    only: lab => lab.transport !== "LongPolling",
    async check(lab) {
      const connection = lab.build("/hubs/impatient");
      connection.serverTimeoutInMilliseconds = 2_600;
      connection.keepAliveIntervalInMilliseconds = 1_000;
      await connection.start();
      let error = "open";
      connection.onclose(it => { error = it?.message ?? null; });
      await pause(4_200);
      equal(error, "open");
      equal(await connection.invoke("Add", 1, 2), 3);
    },
  },
  {
    feature: "invoke", title: "values of every kind come back as they were",
    async check(lab) {
      const connection = await lab.connect();
      for (const value of [null, true, false, 0, -1, 255, 65_536, -2_147_483_648, 9_007_199_254_740_991, 1.5, -0.125, "", "x", [], [1, [2, "3", null]], {}, { a: { b: [{ c: null }] } }]) {
        equal(await connection.invoke("Echo", value), value);
      }
      equal(await connection.invoke("EchoInt", -2_147_483_648), -2_147_483_648);
      equal(await connection.invoke("EchoString", null), null);
    },
  },
  {
    feature: "invoke", title: "unicode, control characters and the record separator come back as they were",
    async check(lab) {
      const connection = await lab.connect();
      equal(await connection.invoke("EchoString", unicode), unicode);
      equal(await connection.invoke("Echo", { [unicode]: unicode }), { [unicode]: unicode });
    },
  },
  {
    feature: "payloads", title: "an object of JSON has camel case and its zero values", only: lab => lab.protocol === "json",
    async check(lab) {
      const connection = await lab.connect();
      const zero = { text: null, number: 0, ratio: 0, flag: false, tags: null, bytes: null, when: "0001-01-01T00:00:00", id: "00000000-0000-0000-0000-000000000000" };
      equal(await connection.invoke("EchoPayload", {}), zero);
      const whole = { text: unicode, number: -7, ratio: 0.5, flag: true, tags: ["a", "b"], bytes: "AAEC/w==", when: "2026-01-02T03:04:05Z", id: "0f8fad5b-d9cb-469f-a165-70867728950e" };
      equal(await connection.invoke("EchoPayload", whole), whole);
      equal(await connection.invoke("EchoPayload", null), null);
    },
  },
  {
    feature: "MessagePack payloads", title: "an object of MessagePack has Pascal case, bytes and a timestamp",
    // The package of the old client knows no timestamps.
    since: 5, only: lab => lab.protocol === "messagepack",
    async check(lab) {
      const connection = await lab.connect();
      const whole = { Text: unicode, Number: -7, Ratio: 0.5, Flag: true, Tags: ["a", "b"], Bytes: new Uint8Array([0, 1, 2, 255]), When: new Date("2026-01-02T03:04:05Z"), Id: "0f8fad5b-d9cb-469f-a165-70867728950e" };
      const answer = await connection.invoke("EchoPayload", whole);
      if (!(answer.When instanceof Date)) throw new Error(`no timestamp: ${answer.When}`);
      equal(answer, whole);
    },
  },
  {
    feature: "invoke", title: "methods without a result answer, at once and later",
    async check(lab) {
      const connection = await lab.connect();
      equal(await connection.invoke("Nothing") ?? null, null);
      equal(await connection.invoke("NothingLater") ?? null, null);
    },
  },
  {
    feature: "invoke", title: "a method is found in any case and by its given name, and is handed services",
    async check(lab) {
      const connection = await lab.connect();
      equal(await connection.invoke("aDD", 20, 22), 42);
      equal(await connection.invoke("renamed"), "renamed");
      equal(await connection.invoke("FromContainer", 7), "hello 7");
    },
  },
  {
    feature: "invoke", title: "200 calls at once are answered each with its own result",
    async check(lab) {
      const connection = await lab.connect();
      const all = await Promise.all(Array.from({ length: 200 }, (_, i) => connection.invoke("Add", i, 1_000)));
      equal(all, Array.from({ length: 200 }, (_, i) => i + 1_000));
    },
  },
  {
    feature: "invoke", title: "calls run beside each other where the hub allows it",
    async check(lab) {
      const connection = await lab.connect("/hubs/parallel");
      let slow = "running";
      const waiting = connection.invoke("Slow", 1_500).then(result => { slow = result; });
      equal(await connection.invoke("Add", 1, 2), 3);
      equal(slow, "running");
      await waiting;
      equal(slow, "done");
    },
  },
  {
    feature: "large messages", title: "a message just below the limit comes back whole",
    async check(lab) {
      const connection = await lab.connect();
      const text = "æ".repeat(16_000);
      equal(await connection.invoke("EchoString", text), text);
      const texts = await Promise.all(Array.from({ length: 20 }, (_, i) => connection.invoke("EchoString", `${i}${text}`)));
      equal(texts.map(it => it.length), Array.from({ length: 20 }, (_, i) => `${i}`.length + text.length));
    },
  },
  {
    feature: "large messages", title: "a message above the limit closes the connection with the reason",
    async check(lab) {
      const connection = await lab.connect("/hubs/small");
      const end = closed(connection);
      connection.invoke("EchoString", "x".repeat(400)).catch(() => {});
      contains(await end, "The maximum message size of 200B was exceeded. The message size can be configured in AddHubOptions.");
    },
  },
  {
    feature: "errors", title: "errors of hub methods are hidden, hub errors are told",
    async check(lab) {
      const connection = await lab.connect();
      equal(await failure(connection.invoke("Fail", "secret")), "An unexpected error occurred invoking 'Fail' on the server.");
      equal(await failure(connection.invoke("failhub", "told æ")), "An unexpected error occurred invoking 'FailHub' on the server. HubException: told æ");
      equal(await connection.invoke("Add", 1, 2), 3);
    },
  },
  {
    feature: "errors", title: "with detailed errors all of them are told",
    async check(lab) {
      const connection = await lab.connect("/hubs/detailed");
      const text = await failure(connection.invoke("Fail", "not so secret"));
      if (!/^An unexpected error occurred invoking 'Fail' on the server\. \S+: not so secret$/.test(text)) throw new Error(text);
    },
  },
  {
    feature: "errors", title: "calls that cannot be made fail and leave the connection alone",
    async check(lab) {
      const connection = await lab.connect();
      equal(await failure(connection.invoke("Missing", 1)), "Failed to invoke 'Missing' due to an error on the server. HubException: Method does not exist.");
      equal(await failure(connection.invoke("OriginalName")), "Failed to invoke 'OriginalName' due to an error on the server. HubException: Method does not exist.");
      equal(await failure(connection.invoke("Add", 1)), "Failed to invoke 'Add' due to an error on the server.");
      equal(await failure(connection.invoke("Add", 1, 2, 3)), "Failed to invoke 'Add' due to an error on the server.");
      equal(await failure(connection.invoke("Add", 1, "two")), "Failed to invoke 'Add' due to an error on the server.");
      equal(await connection.invoke("Add", 1, 2), 3);
    },
  },
  {
    feature: "errors", title: "a failing call that wants no answer has none",
    async check(lab) {
      const connection = await lab.connect();
      const notes = new Inbox(connection, "Note");
      await connection.send("Fail", "unheard");
      await connection.send("Missing");
      await connection.send("SendToCaller", "Note", "after");
      equal(await notes.next(), "after");
    },
  },
  {
    feature: "lifecycle", title: "what the connected callback sends comes first",
    async check(lab) {
      const connection = lab.build("/hubs/conformance?announce=1");
      const ids = new Inbox(connection, "Connected");
      await connection.start();
      equal(await ids.next(), await lab.id(connection));
    },
  },
  {
    feature: "lifecycle", title: "a connected callback that fails closes the connection with an error",
    async check(lab) {
      const connection = lab.build("/hubs/conformance?reject=1");
      const end = closed(connection);
      end.catch(() => {});
      // Where the handshake's answer and the end come together, the client may see no start at all.
      const started = await connection.start().then(() => true, () => false);
      if (started) contains(await end, "Connection closed with an error.");
      // So does a callback that aborts; there is no telling more of it.
      await lab.build("/hubs/conformance?abort=1").start().catch(() => {});
    },
  },
  {
    feature: "lifecycle", title: "a connection that is aborted or stopped is closed without an error, and the watchers hear of it",
    async check(lab) {
      const watcher = await lab.connect();
      const gone = new Inbox(watcher, "Gone");
      await watcher.invoke("Join", "watchers");
      // Others come and go meanwhile, where the server is not this check's alone.
      const reason = async id => {
        for (;;) {
          const [who, error] = await gone.next();
          if (who === id) return error;
        }
      };
      const aborted = await lab.connect();
      const id = await lab.id(aborted);
      const end = closed(aborted);
      aborted.send("Abort").catch(() => {});
      const told = await end;
      // For the old client's event source, every end is an error.
      if (lab.generation > 1 || lab.transport !== "ServerSentEvents") equal(told, null);
      equal(await reason(id), null);

      const leaver = await lab.connect();
      const other = await lab.id(leaver);
      await leaver.stop();
      equal(await reason(other), null);
    },
  },
];
