// The suite in a browser, with the bundles that the client's package has for one.
//
//   node browser-suite.mjs CHROMIUM PROTOCOL TRANSPORT SERVER WIRE CONTROL
import { readFile } from "node:fs/promises";
import { launch, open } from "./browser.mjs";
import { commander, report } from "./wire.mjs";

const [executable, protocol, transport, server, wire, control] = process.argv.slice(2);

// The wire has an origin of its own; what the server says to other origins is not what is proved here.
const browser = await launch(executable, ["--disable-web-security"]);
const page = await open(browser);
const cable = commander(control);
await page.exposeFunction("command", it => cable.command(it));
await page.exposeFunction("report", (...line) => report(...line));

// Everything below `/suite/` is this directory, and of the server's origin.
await page.route("**/suite/**", async route => {
  const path = new URL(route.request().url()).pathname.replace("/suite/", "");
  const found = path === "page.html" ? "<!doctype html><title>suite</title>" : await readFile(new URL(path, import.meta.url), "utf8");
  await route.fulfill({ body: found, contentType: path.endsWith(".html") ? "text/html" : "text/javascript" });
});
await page.goto(`${server}/suite/page.html`);
for (const bundle of ["signalr/dist/browser/signalr.js", "signalr-protocol-msgpack/dist/browser/signalr-protocol-msgpack.js"]) {
  await page.addScriptTag({ url: `/suite/node_modules/@microsoft/${bundle}` });
}
await page.evaluate(async settings => {
  const { Lab, run } = await import("/suite/lab.mjs");
  const { checks } = await import("/suite/checks.mjs");
  const { signalR } = globalThis;
  const lab = new Lab({ signalR, messagePack: signalR.protocols.msgpack, generation: 10, browser: true, command: globalThis.command, ...settings });
  await run(lab, checks, (feature, title, reason) => globalThis.report(feature, title, reason));
}, { protocol, transport, server, wire });
await browser.close();
cable.end();
console.log("done");
