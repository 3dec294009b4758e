// Where the checks of the suite happen: connections of the client under test, and what is expected of them. Runs in
// node and in a browser, so everything that is of one of them is handed in.

// Less than the 30 s after which a client gives its server up by itself.
const PATIENCE = 20_000;

export class Lab {
  // `signalR` and `messagePack` are the client's modules, `generation` its major version; `command` tells the wire.
  constructor({ signalR, messagePack, generation, browser, protocol, transport, server, wire, command }) {
    Object.assign(this, { signalR, messagePack, generation, browser, protocol, transport, server, wire, command });
    this.connections = [];
  }

  // A connection that is not started yet. `via` is the server or the wire, `options` are the client's own.
  build(path, { via = this.server, protocol = this.protocol, transport = this.transport, options = {}, reconnect, stateful, on = {} } = {}) {
    const { HubConnectionBuilder, HttpTransportType, LogLevel } = this.signalR;
    let builder = new HubConnectionBuilder()
      .withUrl(`${via}${path}`, { transport: HttpTransportType[transport], ...options })
      .configureLogging(LogLevel.None);
    if (protocol === "messagepack") builder = builder.withHubProtocol(new this.messagePack.MessagePackHubProtocol());
    if (reconnect) builder = builder.withAutomaticReconnect(reconnect);
    if (stateful) builder = builder.withStatefulReconnect();
    const connection = builder.build();
    for (const [method, handler] of Object.entries(on)) connection.on(method, handler);
    this.connections.push(connection);
    return connection;
  }

  async connect(path = "/hubs/conformance", more = {}) {
    const connection = this.build(path, more);
    await within("a start", connection.start());
    return connection;
  }

  // The id of a connection: the old client does not know it by itself.
  id(connection) {
    return connection.invoke("CallerId");
  }

  async token(user, seconds = 600) {
    const answer = await fetch(`${this.server}/token?user=${user}&seconds=${seconds}`);
    if (!answer.ok) throw new Error(`no token: ${answer.status}`);
    return answer.text();
  }

  // Ends what a check has left.
  async tidy() {
    await this.command("up");
    const left = this.connections.splice(0).map(connection => connection.stop().catch(() => {}));
    await Promise.race([Promise.all(left), new Promise(done => setTimeout(done, 2_000))]);
  }
}

// The messages for one method, in the order in which they come.
export class Inbox {
  constructor(connection, method) {
    this.method = method;
    this.messages = [];
    this.waiting = () => {};
    connection.on(method, (...values) => {
      this.messages.push(values.length === 1 ? values[0] : values);
      this.waiting();
    });
  }

  async next() {
    if (this.messages.length === 0) await within(`a '${this.method}'`, new Promise(done => { this.waiting = done; }));
    return this.messages.shift();
  }

  // All until the one that is the last: so is shown, too, what did not come.
  async upTo(last) {
    const all = [];
    do all.push(await this.next()); while (all.at(-1) !== last);
    return all;
  }
}

// All the items of a stream; fails as the stream does.
export const collect = stream => new Promise((resolve, reject) => {
  const items = [];
  stream.subscribe({ next: item => items.push(item), complete: () => resolve(items), error: reject });
});

export const within = (what, promise, patience = PATIENCE) => {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${patience} ms: ${what}`)), patience);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
};

export const pause = milliseconds => new Promise(done => setTimeout(done, milliseconds));

// What `onclose` is told: null, or the error's text.
export const closed = connection => within("a close", new Promise(done => {
  connection.onclose(error => done(error?.message ?? null));
}));

// Properties are compared in any order, as a map has none.
const text = value => JSON.stringify(value, (_, it) => {
  if (ArrayBuffer.isView(it)) return [...it];
  if (it === null || typeof it !== "object" || Array.isArray(it)) return it;
  return Object.fromEntries(Object.keys(it).sort().map(key => [key, it[key]]));
});

export const equal = (actual, expected) => {
  if (text(actual) === text(expected)) return;
  throw new Error(`${text(actual)?.slice(0, 300)} in place of ${text(expected)?.slice(0, 300)}`);
};

export const contains = (text, part) => {
  if (!`${text}`.includes(part)) throw new Error(`'${text}' without '${part}'`);
};

// The text of the error with which something fails; without more of it than its message.
export const failure = async promise => {
  let value;
  try {
    value = await within("a failure", promise);
  } catch (error) {
    return error.message;
  }
  throw new Error(`${JSON.stringify(value)} in place of a failure`);
};

// Runs the checks that are for this client one after the other, and reports each.
export const run = async (lab, checks, report) => {
  for (const { feature, title, since = 1, only = () => true, check, patience = 50_000 } of checks) {
    if (lab.generation < since || !only(lab)) continue;
    let reason;
    try {
      await within(title, check(lab), patience);
    } catch (error) {
      reason = `${error?.message ?? error}`;
    }
    await lab.tidy();
    report(feature, title, reason);
  }
};
