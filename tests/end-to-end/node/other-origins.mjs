// Pages of two origins and a hub of a third, in a browser that minds all of its rules. Prints the pages' origins and the
// key that it signs tokens with, and waits for a line with the hub's server; then prints what it has checked.
//
//   node other-origins.mjs CHROMIUM
import { createHmac, randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { launch, open } from "./browser.mjs";
import { contains, equal } from "./lab.mjs";

const tell = (event, more = {}) => console.log(JSON.stringify({ event, ...more }));

const client = await readFile("node_modules/@microsoft/signalr/dist/browser/signalr.js");
const empty = '<!doctype html><title>page</title><link rel="icon" href="data:,"><script src="/signalr.js"></script>';
const origin = () => new Promise(done => {
  const server = createServer((request, response) => {
    const isScript = request.url === "/signalr.js";
    response.setHeader("content-type", isScript ? "text/javascript" : "text/html").end(isScript ? client : empty);
  });
  server.listen(0, "127.0.0.1", () => done(`http://127.0.0.1:${server.address().port}`));
});

const key = randomBytes(32);
const token = (() => {
  const part = it => Buffer.from(JSON.stringify(it)).toString("base64url");
  const signed = `${part({ alg: "HS256", typ: "JWT" })}.${part({ sub: "ann", exp: 4_000_000_000 })}`;
  return `${signed}.${createHmac("sha256", key).update(signed).digest("base64url")}`;
})();

// In the page: connects, rings, hears it, and leaves.
const ring = async ({ server, transport, token, skipNegotiation = false }) => {
  const { HubConnectionBuilder, HttpTransportType, LogLevel } = globalThis.signalR;
  const connection = new HubConnectionBuilder()
    .withUrl(`${server}/hubs/bells`, {
      transport: HttpTransportType[transport], accessTokenFactory: () => token, skipNegotiation,
    })
    .configureLogging(LogLevel.None)
    .build();
  const rang = new Promise(done => connection.on("Rang", done));
  try {
    await connection.start();
    const answer = await connection.invoke("Ring");
    return [answer, await rang];
  } catch (error) {
    return error.message;
  } finally {
    await connection.stop();
  }
};

const browser = await launch(process.argv[2]);
const page = await open(browser);
const [allowed, refused] = [await origin(), await origin()];
tell("origins", { allowed, refused, key: key.toString("base64") });
const { server } = JSON.parse((await createInterface({ input: process.stdin })[Symbol.asyncIterator]().next()).value);
await page.context().addCookies([{ name: "visit", value: "7", url: server }]);

// What the page asks of the hub's server: preflights are the browser's own.
let requests = [];
let sockets = [];
page.on("request", request => {
  if (request.url().startsWith(server)) requests.push(request);
});
page.on("websocket", socket => sockets.push(socket.url()));

const inQuery = url => new URL(url).searchParams.get("access_token") === token;
const visit = async origin => {
  await page.goto(`${origin}/`);
  [requests, sockets] = [[], []];
};

const checks = {
  async "WebSockets: the token in the query of the socket"() {
    await visit(allowed);
    equal(await page.evaluate(ring, { server, token, transport: "WebSockets" }), ["ann", "ann"]);
    equal(sockets.map(inQuery), [true]);
    equal(requests.map(it => it.method()), ["POST"]);
  },
  async "WebSockets: without a negotiation"() {
    await visit(allowed);
    equal(await page.evaluate(ring, { server, token, transport: "WebSockets", skipNegotiation: true }), ["ann", "ann"]);
    equal(sockets.map(inQuery), [true]);
    equal(requests.length, 0);
  },
  async "Server-Sent Events: the token in the query of the stream, in the header of all else"() {
    await visit(allowed);
    equal(await page.evaluate(ring, { server, token, transport: "ServerSentEvents" }), ["ann", "ann"]);
    const streams = requests.filter(it => it.method() === "GET");
    equal(streams.map(it => inQuery(it.url())), [true]);
    await credentials(requests.filter(it => it.method() === "POST"));
  },
  async "long polling: the token in the header of all"() {
    await visit(allowed);
    equal(await page.evaluate(ring, { server, token, transport: "LongPolling" }), ["ann", "ann"]);
    await credentials(requests);
    // The client ends with a DELETE where the server was not faster.
    const gone = await page.evaluate(async ({ server, token }) => {
      const headers = { authorization: `Bearer ${token}`, "x-requested-with": "XMLHttpRequest" };
      const answer = await fetch(`${server}/hubs/bells?id=nobody`, { method: "DELETE", credentials: "include", headers });
      return [answer.status, await answer.text()];
    }, { server, token });
    equal(gone, [404, "No Connection with that ID"]);
  },
  async "a page without a token can read that it is refused"() {
    await visit(allowed);
    contains(await page.evaluate(ring, { server, token: "", transport: "WebSockets" }), "Status code '401'");
  },
  async "a page of an origin that is not allowed cannot negotiate"() {
    await visit(refused);
    for (const transport of ["WebSockets", "ServerSentEvents", "LongPolling"]) {
      contains(await page.evaluate(ring, { server, token, transport }), "Failed to fetch");
    }
    equal(sockets, []);
  },
  async "a page of an origin that is not allowed cannot open a WebSocket past the negotiation"() {
    await visit(refused);
    const answer = await page.evaluate(ring, { server, token, transport: "WebSockets", skipNegotiation: true });
    contains(answer, "WebSocket failed to connect");
    equal(sockets.length, 1);
  },
};

// Requests of the client have both: the header with the token, and the cookie of the hub's server.
const credentials = async requests => {
  let answered = 0;
  for (const request of requests) {
    // Of a poll that is given up at the end the browser does not tell all.
    if (!await request.response()) continue;
    const { authorization, cookie } = await request.allHeaders();
    equal([authorization, cookie, inQuery(request.url())], [`Bearer ${token}`, "visit=7", false]);
    answered++;
  }
  if (answered < 3) throw new Error(`only ${answered} requests`);
};

try {
  for (const [title, check] of Object.entries(checks)) {
    await check().catch(error => { throw new Error(`${title}: ${error.message}`); });
  }
  tell("done", { checks: Object.keys(checks) });
} catch (error) {
  tell("failed", { message: error.message });
}
await browser.close();
process.exit(0);
