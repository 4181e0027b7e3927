// Whether the hub of a data folder answers, for containers and watchdogs: exit code 0 where it does.
// Usage: node bin/healthy.js [DATA]; else MAINT_DATA, else ./maint-data.

import { readFileSync } from "node:fs";
import { request } from "node:http";
import { request as secureRequest } from "node:https";
import { join } from "node:path";

const PATIENCE_MS = 2_000;
const data = process.argv[2] ?? process.env.MAINT_DATA ?? "maint-data";

const unhealthy = (why) => {
  process.stderr.write(`${why}\n`);
  process.exit(1);
};

/** Calls `refused` where nobody listens at that address of this machine. */
const ask = (host, { protocol, port }, refused) => {
  // It asks itself on its own machine: whose certificate that is, is not in question here.
  const options = { host, port, path: "/v1/health", timeout: PATIENCE_MS, rejectUnauthorized: false };
  const asked = (protocol === "https:" ? secureRequest : request)(options, (answer) =>
    answer.statusCode === 200 ? process.exit(0) : unhealthy(`the hub answers ${answer.statusCode}`),
  );
  asked.on("timeout", () => unhealthy("the hub does not answer in time"));
  asked.on("error", refused);
  asked.end();
};

try {
  const url = new URL(JSON.parse(readFileSync(join(data, "hub", "address.json"), "utf8")).url);
  const own = url.hostname.replace(/^\[(.*)\]$/, "$1");
  // A name on its certificate need not be known on its machine; a hub on one address does not listen on loopback.
  ask("127.0.0.1", url, () => ask(own, url, () => unhealthy("the hub does not answer")));
} catch {
  unhealthy(`no hub runs in ${data}`);
}
