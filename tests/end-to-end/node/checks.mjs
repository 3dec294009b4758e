// All checks, in the order in which they are made.
import { calls } from "./checks-calls.mjs";
import { people } from "./checks-people.mjs";
import { reconnects } from "./checks-reconnect.mjs";
import { sends } from "./checks-sends.mjs";
import { streams } from "./checks-streams.mjs";

export const checks = [...calls, ...sends, ...streams, ...people, ...reconnects];
