// A hub over a WebSocket on a stream of HTTP/2 (RFC 8441), by node's own HTTP/2 and nothing of anybody's SignalR.
import { connect } from "node:http2";
import { randomBytes } from "node:crypto";

const session = connect(process.argv[2]);
session.on("error", error => {
  console.error(error);
  process.exit(1);
});
await new Promise(resolve => session.once("remoteSettings", resolve));
if (!session.remoteSettings.enableConnectProtocol) {
  console.error("the server does not offer extended CONNECT");
  process.exit(1);
}

const socket = session.request({
  ":method": "CONNECT",
  ":protocol": "websocket",
  ":path": "/hubs/clock",
  "sec-websocket-version": "13",
});
const status = await new Promise(resolve => socket.once("response", it => resolve(it[":status"])));
console.log(`status ${status}`);

// A masked text frame with less than 126 bytes.
const text = Buffer.from('{"protocol":"json","version":1}\u001e');
const mask = randomBytes(4);
const masked = text.map((byte, at) => byte ^ mask[at % 4]);
socket.write(Buffer.concat([Buffer.from([0x81, 0x80 | text.length]), mask, masked]));

let received = "";
let ticks = 0;
socket.on("data", chunk => {
  received += chunk.toString("latin1");
  const found = received.split('"target":"ShowTime"').length - 1;
  if (found > ticks) {
    ticks = found;
    console.log(`tick ${ticks}`);
  }
  if (ticks === 3) {
    session.destroy();
    process.exit(0);
  }
});
