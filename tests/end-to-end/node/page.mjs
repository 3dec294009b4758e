// The clock's page in a browser, driven by lines of JSON on stdin, each answered by one line on stdout:
//
//   {"do": "open", "url": "...", "width": 1280, "height": 800, "scheme": "dark"}
//   {"do": "pretend", "frames": ["...", ...]}         as the server over the WebSocket of the page that is opened next
//   {"do": "state"}                                   what the page shows
//   {"do": "wait", "state": "connected"}              until it shows that state; answers with what it shows
//   {"do": "changed"}                                 until it shows another time than now
//   {"do": "look", "width": 390, "height": 844, "scheme": "light", "motion": "reduce"}
//   {"do": "hurry"}                                   clicks on the button, where there is one
//   {"do": "online"}                                  tells it that the device is back in the network
//   {"do": "screenshot", "path": "..."}
//
// The answer also has what went wrong in the page and what it has asked for, so far.
//
//   node page.mjs CHROMIUM
import { createHash } from "node:crypto";
import { createInterface } from "node:readline";
import { launch, open } from "./browser.mjs";

const browser = await launch(process.argv[2]);
const page = await open(browser);
const noise = [];
const requests = [];
page.on("pageerror", error => noise.push(`error: ${error.message}`));
page.on("console", message => {
  // A server that is away is part of the tests; the browser reports it by itself.
  if (!/^Failed to load resource|^WebSocket connection to /.test(message.text())) noise.push(`console: ${message.text()}`);
});
page.on("request", request => {
  if (!request.url().startsWith("data:")) requests.push(`${request.method()} ${new URL(request.url()).pathname}`);
});

// The page is served with the strictest policy that its own content can be hashed for: nothing inline that
// is not exactly the style and the script of the file, and nothing from elsewhere.
const hashed = (html, element) => {
  const [, text] = new RegExp(`<${element}>(.*?)</${element}>`, "s").exec(html);
  return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
};
await page.route("**/", async route => {
  const answer = await route.fetch();
  const html = await answer.text();
  const policy = `default-src 'none'; style-src ${hashed(html, "style")}; script-src ${hashed(html, "script")}; img-src data:; connect-src 'self'`;
  await route.fulfill({ response: answer, body: html, headers: { ...answer.headers(), "content-security-policy": policy } });
});

const look = async ({ width = 1280, height = 800, scheme = "light", motion = "no-preference" }) => {
  await page.setViewportSize({ width, height });
  await page.emulateMedia({ colorScheme: scheme, reducedMotion: motion });
};

const shown = () => page.evaluate(() => document.getElementById("state") && ({
  state: document.getElementById("state").textContent,
  detail: document.getElementById("detail").textContent,
  button: document.getElementById("again").hidden ? null : document.getElementById("again").textContent,
  time: document.getElementById("time").dateTime,
  digits: [...document.querySelectorAll("#time b, #time i")].map(digit => digit.textContent).join(""),
  date: document.getElementById("date").textContent,
  zone: document.getElementById("zone").textContent,
  title: document.title,
  protocols: performance.getEntriesByType("resource").map(resource => resource.nextHopProtocol),
  overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
}));

// Asked again and again from here: the page's policy lets nothing wait inside it.
const until = async reached => {
  for (let left = 800; !reached(await shown()); left--) {
    if (!left) throw new Error(`still ${JSON.stringify(await shown())}`);
    await page.waitForTimeout(25);
  }
};

const actions = {
  // Before it is opened: what the page is sent over its next WebSocket in place of what the server would send.
  pretend: ({ frames }) => page.routeWebSocket("**/hubs/clock?id=*", socket => {
    socket.onMessage(() => {
      for (const frame of frames.splice(0)) socket.send(frame);
    });
  }),
  async open(command) {
    await look(command);
    await page.goto(command.url);
  },
  look,
  state: () => {},
  wait: ({ state }) => until(page => page.state.toLowerCase() === state),
  async changed() {
    const { time } = await shown();
    await until(page => page.time !== time);
  },
  online: () => page.evaluate(() => window.dispatchEvent(new Event("online"))),
  async hurry() {
    if (await page.isVisible("#again")) await page.click("#again");
  },
  screenshot: ({ path }) => page.screenshot({ path }),
};

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  try {
    await actions[command.do](command);
    console.log(JSON.stringify({ event: command.do, ...await shown(), noise, requests }));
  } catch (error) {
    console.log(JSON.stringify({ event: "failed", message: error.message }));
  }
}
await browser.close();
