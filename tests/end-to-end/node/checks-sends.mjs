// Sending: to whom, in which order.
import { Inbox, equal } from "./lab.mjs";

// Three connections with an inbox each; `note` and `name` keep their messages and groups from others.
const three = async lab => {
  const connections = [await lab.connect(), await lab.connect(), await lab.connect()];
  const note = `Note ${Math.random()}`;
  const inboxes = connections.map(connection => new Inbox(connection, note));
  const ids = [];
  for (const connection of connections) ids.push(await lab.id(connection));
  // What each of them got, in the end.
  const got = async () => {
    const all = [];
    for (const [i, id] of ids.entries()) {
      await connections[0].invoke("SendToClient", id, note, "end");
      all.push((await inboxes[i].upTo("end")).slice(0, -1));
    }
    return all;
  };
  return { connections, ids, got, note, name: `group ${ids[0]}` };
};

export const sends = [
  {
    feature: "sends", title: "to the caller, to all, to others",
    async check(lab) {
      const { connections: [one], got, note } = await three(lab);
      await one.invoke("SendToCaller", note, 1);
      await one.invoke("SendToAll", note, 2);
      await one.invoke("SendToOthers", note, 3);
      equal(await got(), [[1, 2], [2, 3], [2, 3]]);
    },
  },
  {
    feature: "sends", title: "to one client, to several, to all except some",
    async check(lab) {
      const { connections: [one], ids, got, note } = await three(lab);
      await one.invoke("SendToClient", ids[1], note, 1);
      await one.invoke("SendToClients", [ids[0], ids[2], "nobody"], note, 2);
      await one.invoke("SendToAllExcept", [ids[0], ids[1]], note, 3);
      await one.invoke("SendToClient", "nobody", note, 4);
      equal(await got(), [[2], [1], [2, 3]]);
    },
  },
  {
    feature: "groups", title: "join, leave, and all the ways to send to groups",
    async check(lab) {
      const { connections: [one, two, three_], ids, got, name, note } = await three(lab);
      await one.invoke("Join", name);
      await two.invoke("Join", name);
      await three_.invoke("Join", `${name}'`);
      await one.invoke("SendToGroup", name, note, 1);
      await one.invoke("SendToGroups", [name, `${name}'`], note, 2);
      await one.invoke("SendToGroupExcept", name, [ids[1]], note, 3);
      await one.invoke("SendToOthersInGroup", name, note, 4);
      await two.invoke("Leave", name);
      await two.invoke("Leave", name);
      await one.invoke("SendToGroup", name, note, 5);
      await one.invoke("SendToGroup", name.toUpperCase(), note, 6);
      equal(await got(), [[1, 2, 3, 5], [1, 2, 4], [2]]);
    },
  },
  {
    feature: "groups", title: "another connection is added and removed by its id",
    async check(lab) {
      const { connections: [one], ids, got, name, note } = await three(lab);
      await one.invoke("JoinFor", ids[1], name);
      await one.invoke("JoinFor", "nobody", name);
      await one.invoke("SendToGroup", name, note, 1);
      await one.invoke("LeaveFor", ids[1], name);
      await one.invoke("SendToGroup", name, note, 2);
      equal(await got(), [[], [1], []]);
    },
  },
  {
    feature: "groups", title: "a connection that comes again is in no group",
    async check(lab) {
      const { connections: [one, two], name, note } = await three(lab);
      await two.invoke("Join", name);
      await two.stop();
      await two.start();
      const notes = new Inbox(two, note);
      await one.invoke("SendToGroup", name, note, 1);
      await one.invoke("SendToClient", await lab.id(two), note, 2);
      equal(await notes.next(), 2);
    },
  },
  {
    feature: "sends", title: "500 messages come in the order in which they were sent",
    // The old client posts them all at once.
    only: lab => lab.generation > 1 || lab.transport === "WebSockets",
    async check(lab) {
      const connection = await lab.connect();
      const notes = new Inbox(connection, "Note");
      for (let i = 0; i < 500; i++) connection.send("SendToCaller", "Note", i).catch(() => {});
      equal(await notes.upTo(499), Array.from({ length: 500 }, (_, i) => i));
    },
  },
  {
    feature: "sends", title: "clients of both protocols get what either of them sends",
    only: lab => lab.protocol === "messagepack" || lab.transport !== "ServerSentEvents",
    async check(lab) {
      const json = await lab.connect("/hubs/conformance", { protocol: "json" });
      const binary = await lab.connect("/hubs/conformance", { protocol: "messagepack" });
      const inboxes = [new Inbox(json, "Note"), new Inbox(binary, "Note")];
      const value = { text: "æ 🦀", list: [1, -2.5, null, true], deep: { er: "" } };
      for (const sender of [json, binary]) {
        await sender.invoke("SendToClients", [await lab.id(json), await lab.id(binary)], "Note", value);
        for (const inbox of inboxes) equal(await inbox.next(), value);
      }
    },
  },
  {
    feature: "sends", title: "handlers: several for a name, names in any case, and none after off",
    async check(lab) {
      const connection = await lab.connect();
      const heard = [];
      const first = value => heard.push(`first ${value}`);
      connection.on("Note", first);
      connection.on("note", value => heard.push(`second ${value}`));
      await connection.invoke("SendToCaller", "NOTE", 1);
      connection.off("Note", first);
      await connection.invoke("SendToCaller", "Note", 2);
      await connection.invoke("SendToCaller", "Unheard", 3);
      const fence = new Inbox(connection, "Fence");
      await connection.invoke("SendToCaller", "Fence", 4);
      await fence.next();
      equal(heard, ["first 1", "second 1", "second 2"]);
    },
  },
];
