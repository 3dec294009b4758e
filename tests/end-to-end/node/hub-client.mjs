// One connection of the official client. What happens is printed, one JSON object a line, each with an
// `event`; what to do is read from stdin in the same form:
//
//   {"invoke": "Method", "arguments": [...]}   answered by `result` or `error`
//   {"stop": true}                             answered by `closed`
//
//   node hub-client.mjs URL [json|messagepack]
import { createInterface } from "node:readline";
import { HubConnectionBuilder, JsonHubProtocol, LogLevel } from "@microsoft/signalr";
import { MessagePackHubProtocol } from "@microsoft/signalr-protocol-msgpack";

const tell = (event, more = {}) => console.log(JSON.stringify({ event, ...more }));

// Stdout is for the events alone.
const logger = {
  log(level, message) {
    if (level >= LogLevel.Warning) tell("log", { message });
  },
};

const connection = new HubConnectionBuilder()
  .withUrl(process.argv[2])
  .withHubProtocol(process.argv[3] === "messagepack" ? new MessagePackHubProtocol() : new JsonHubProtocol())
  .withAutomaticReconnect([0, 250, 250, 250, 500, 500, 1000, 1000, 2000, 2000, 5000])
  .configureLogging(logger)
  .build();

connection.on("ShowTime", time => tell("time", { time }));
connection.onreconnecting(error => tell("reconnecting", { message: error?.message ?? null }));
connection.onreconnected(id => tell("reconnected", { id }));
connection.onclose(error => tell("closed", { message: error?.message ?? null }));

try {
  await connection.start();
} catch (error) {
  tell("failed", { message: error.message });
  process.exit(1);
}
tell("connected", { id: connection.connectionId });

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  if (command.stop) {
    await connection.stop();
    break;
  }
  connection.invoke(command.invoke, ...command.arguments).then(
    result => tell("result", { result: result ?? null }),
    error => tell("error", { message: error.message }),
  );
}
process.exit(0);
