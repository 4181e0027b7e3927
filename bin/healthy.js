// Whether what runs in a data folder answers, a hub or agents, for containers and watchdogs: exit code 0 where all of it does.
// Usage: node bin/healthy.js [DATA]; else MAINT_DATA, else ./maint-data.

import { readdirSync, readFileSync } from "node:fs";
import { request } from "node:http";
import { request as secureRequest } from "node:https";
import { join } from "node:path";

const PATIENCE_MS = 2_000;
const data = process.argv[2] ?? process.env.MAINT_DATA ?? "maint-data";

/** A folder has an address while its hub or agent runs; undefined where none does. */
function urlIn(folder) {
  try {
    return new URL(JSON.parse(readFileSync(join(folder, "address.json"), "utf8")).url);
  } catch {
    return undefined;
  }
}

function nodes() {
  try {
    return readdirSync(join(data, "nodes"));
  } catch {
    return [];
  }
}

/** 200 or another status; `late`, or `nobody` where nobody listens at that address of this machine. */
function statusAt(host, { protocol, port }) {
  // It asks itself on its own machine: whose certificate that is, is not in question here.
  const options = { host, port, path: "/v1/health", timeout: PATIENCE_MS, rejectUnauthorized: false };
  const ask = protocol === "https:" ? secureRequest : request;
  return new Promise((resolve) => {
    const asked = ask(options, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    });
    asked.on("timeout", () => {
      resolve("late");
      asked.destroy();
    });
    asked.on("error", () => resolve("nobody"));
    asked.end();
  });
}

/** Undefined where it answers, else a sentence. */
async function wrongWith(name, url) {
  const own = url.hostname.replace(/^\[(.*)\]$/, "$1");
  // A name on its certificate need not be known on its machine; one that has an address of its own does not listen on loopback.
  const local = await statusAt("127.0.0.1", url);
  const status = local === "nobody" ? await statusAt(own, url) : local;
  if (status === 200) return undefined;
  return typeof status === "number" ? `${name} answers ${status}` : `${name} does not answer`;
}

const running = [["the hub", join(data, "hub")], ...nodes().map((node) => [node, join(data, "nodes", node)])].flatMap(
  ([name, folder]) => {
    const url = urlIn(folder);
    return url === undefined ? [] : [{ name, url }];
  },
);
const wrong = (await Promise.all(running.map(({ name, url }) => wrongWith(name, url)))).filter((one) => one);
if (running.length === 0) wrong.push(`nothing runs in ${data}`);
for (const sentence of wrong) process.stderr.write(`${sentence}\n`);
process.exit(wrong.length === 0 ? 0 : 1);
