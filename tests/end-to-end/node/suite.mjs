// Every feature of a hub, proved with one of Microsoft's clients in one protocol over one transport.
//
//   node suite.mjs PACKAGE PROTOCOL TRANSPORT SERVER WIRE CONTROL
//
// PACKAGE is @microsoft/signalr or @aspnet/signalr. What is printed is described at `prove`, in `src/checks.rs`.
import { Lab, run } from "./lab.mjs";
import { checks } from "./checks.mjs";
import { commander, report } from "./wire.mjs";

const [name, protocol, transport, server, wire, control] = process.argv.slice(2);

const module = async it => {
  const found = await import(it);
  return found.HubConnectionBuilder || found.MessagePackHubProtocol ? found : found.default;
};

// A check that failed may leave promises that nobody waits for.
process.on("unhandledRejection", () => {});

const cable = commander(control);
const lab = new Lab({
  signalR: await module(name),
  messagePack: await module(`${name}-protocol-msgpack`),
  generation: name === "@aspnet/signalr" ? 1 : 10,
  browser: false,
  protocol, transport, server, wire,
  command: cable.command,
});
await run(lab, checks, report);
console.log("done");
process.exit(0);
