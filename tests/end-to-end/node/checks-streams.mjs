// Streams, from the server and to it.
import { Inbox, collect, equal, failure, pause } from "./lab.mjs";

const upTo = count => Array.from({ length: count }, (_, i) => i);

export const streams = [
  {
    feature: "streaming", title: "all items of a stream, in order, none where there are none",
    async check(lab) {
      const connection = await lab.connect();
      equal(await collect(connection.stream("Counter", 2_000, 0)), upTo(2_000));
      equal(await collect(connection.stream("Counter", 0, 0)), []);
    },
  },
  {
    feature: "streaming", title: "items come as they are made, and calls beside them",
    async check(lab) {
      const connection = await lab.connect();
      const seen = [];
      const whole = new Promise((complete, error) => connection.stream("Counter", 5, 100).subscribe({ next: item => seen.push(item), complete, error }));
      while (seen.length < 1) await pause(5);
      equal(await connection.invoke("Add", 1, 2), 3);
      if (seen.length > 4) throw new Error("the call had to wait for the stream");
      await whole;
      equal(seen, upTo(5));
    },
  },
  {
    feature: "streaming", title: "several streams at once do not mix",
    async check(lab) {
      const connection = await lab.connect();
      const all = await Promise.all([30, 20, 10].map(count => collect(connection.stream("Counter", count, 1))));
      equal(all, [30, 20, 10].map(upTo));
    },
  },
  {
    feature: "streaming", title: "a stream that its reader leaves is cancelled on the server",
    // MessagePack of the old client cannot write a cancellation.
    only: lab => lab.generation > 1 || lab.protocol === "json",
    async check(lab) {
      const connection = await lab.connect();
      const cancelled = new Inbox(connection, "StreamCanceled");
      const subscription = connection.stream("InfiniteStream").subscribe({ next() {}, complete() {}, error() {} });
      equal(await connection.invoke("Add", 1, 2), 3);
      subscription.dispose();
      equal(await cancelled.next(), []);
    },
  },
  {
    feature: "streaming", title: "a stream that fails gives its items first; hub errors are told",
    async check(lab) {
      const connection = await lab.connect();
      const items = [];
      const failed = (method, ...more) => failure(new Promise((complete, error) => connection.stream(method, ...more).subscribe({ next: item => items.push(item), complete, error })));
      equal(await failed("FailingStream", 2, "secret"), "An error occurred on the server while streaming results.");
      equal(await failed("FailingHubStream", 1, "told"), "An error occurred on the server while streaming results. HubException: told");
      equal(items, [0, 1, 0]);
      equal(await failed("FailsBeforeStreaming", "secret"), "An unexpected error occurred invoking 'FailsBeforeStreaming' on the server.");
    },
  },
  {
    feature: "streaming", title: "streams are not invoked, and methods are not streamed",
    async check(lab) {
      const connection = await lab.connect();
      equal(await failure(connection.invoke("Counter", 1, 0)), "The client attempted to invoke the streaming 'Counter' method with a non-streaming invocation.");
      equal(await failure(collect(connection.stream("Add", 1, 2))), "The client attempted to invoke the non-streaming 'Add' method with a streaming invocation.");
      equal(await failure(collect(connection.stream("Missing"))), "Failed to invoke 'Missing' due to an error on the server. HubException: Method does not exist.");
    },
  },
  {
    feature: "streaming", title: "a connection that ends in the middle of a stream leaves the server well",
    async check(lab) {
      const connection = await lab.connect();
      connection.stream("Counter", 100_000_000, 0).subscribe({ next() {}, complete() {}, error() {} });
      connection.stream("InfiniteStream").subscribe({ next() {}, complete() {}, error() {} });
      await pause(100);
      await connection.stop();
      equal(await (await lab.connect()).invoke("Add", 1, 2), 3);
    },
  },
  {
    feature: "uploads", title: "an upload is joined, alone and beside an argument", since: 3,
    async check(lab) {
      const connection = await lab.connect();
      for (const [method, more, expected] of [["Concat", [], "aæ🦀"], ["ConcatWithPrefix", ["> "], "> aæ🦀"]]) {
        const upload = new lab.signalR.Subject();
        const result = connection.invoke(method, ...more, upload);
        for (const part of ["a", "æ", "", "🦀"]) upload.next(part);
        upload.complete();
        equal(await result, expected);
      }
    },
  },
  {
    feature: "uploads", title: "many items, more than are buffered, come in order", since: 3,
    async check(lab) {
      // Each of them is a request of its own where there is no WebSocket, and waits for the one before it.
      const count = lab.transport === "WebSockets" ? 1_000 : 100;
      const connection = await lab.connect();
      const upload = new lab.signalR.Subject();
      const result = connection.invoke("Concat", upload);
      for (const i of upTo(count)) upload.next(`${i},`);
      upload.complete();
      equal(await result, upTo(count).map(i => `${i},`).join(""));
    },
  },
  {
    feature: "uploads", title: "an upload that fails ends with that error on the server", since: 3,
    async check(lab) {
      const connection = await lab.connect();
      for (const [end, expected] of [[upload => upload.complete(), /^no error$/], [upload => upload.error("lost æ"), /^\S+: .*lost æ/]]) {
        const upload = new lab.signalR.Subject();
        const result = connection.invoke("CatchUploadError", upload);
        upload.next(1);
        end(upload);
        const answer = await result;
        if (!expected.test(answer)) throw new Error(answer);
      }
    },
  },
  {
    feature: "uploads", title: "a stream both ways, item by item", since: 3,
    async check(lab) {
      const connection = await lab.connect();
      const upload = new lab.signalR.Subject();
      const got = [];
      const whole = new Promise((complete, error) => connection.stream("Doubled", upload).subscribe({ next: item => got.push(item), complete, error }));
      for (const i of upTo(20)) {
        upload.next(i);
        while (got.length <= i) await pause(1);
      }
      upload.complete();
      await whole;
      equal(got, upTo(20).map(i => 2 * i));
    },
  },
  {
    feature: "uploads", title: "an upload without an answer, and too few uploads", since: 3,
    async check(lab) {
      const connection = await lab.connect();
      const upload = new lab.signalR.Subject();
      await connection.send("Concat", upload);
      upload.next("unheard");
      upload.complete();
      equal(await failure(connection.invoke("Concat")), "An unexpected error occurred invoking 'Concat' on the server. HubException: Client sent 0 stream(s), Hub method expects 1.");
      equal(await connection.invoke("Add", 1, 2), 3);
    },
  },
];
