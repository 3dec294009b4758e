// What a suite needs beside its checks: the wire's control, and the lines that it prints.
import { createConnection } from "node:net";
import { createInterface } from "node:readline";

// One command at a time, each answered by one line.
export const commander = address => {
  const [host, port] = address.split(":");
  const socket = createConnection(port, host);
  const answers = createInterface({ input: socket })[Symbol.asyncIterator]();
  return {
    async command(it) {
      socket.write(`${it}\n`);
      await answers.next();
    },
    end: () => socket.destroy(),
  };
};

export const report = (feature, title, reason) => {
  const line = reason === undefined ? ["ok", feature, title] : ["failed", feature, title, reason];
  console.log(line.map(part => part.replace(/\s+/g, " ")).join("\t"));
};
