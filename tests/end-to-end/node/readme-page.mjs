// The README's page with the official client, in a browser: prints the first times that it shows, and the one that
// its button sends.
//
//   node readme-page.mjs CHROMIUM URL FILE
import { readFileSync } from "node:fs";
import { launch, open } from "./browser.mjs";

const [chromium, url, file] = process.argv.slice(2);
const browser = await launch(chromium);
const page = await open(browser);
await page.route(url, route => route.fulfill({ contentType: "text/html", body: readFileSync(file, "utf8") }));
await page.route("**/signalr.min.js", route =>
  route.fulfill({ path: "node_modules/@microsoft/signalr/dist/browser/signalr.min.js" }));
await page.goto(url);

const times = [];
const next = async () => {
  const last = times.at(-1) ?? "…";
  await page.waitForFunction(last => document.getElementById("time").textContent !== last, last, { polling: 10 });
  times.push(await page.textContent("#time"));
};
await next();
await next();
// Browsers know milliseconds, servers know more.
const sent = page.waitForFunction(() => /:\d\d(\.\d{3})?(Z|[+-]\d\d:\d\d)$/.test(document.getElementById("time").textContent), null, { polling: 10 });
await page.click("#send");
await sent.then(
  () => console.log(JSON.stringify({ event: "shown", times })),
  error => console.log(JSON.stringify({ event: "failed", message: error.message, times })),
);
await browser.close();
