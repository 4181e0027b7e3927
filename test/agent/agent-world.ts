import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach } from "vitest";
import { type Agent, type AgentOptions, enrolNode, startAgent } from "../../src/agent/index.ts";
import { canonicalJson } from "../../src/base/canonical-json.ts";
import { compile } from "../../src/compiler/index.ts";
import { makeToken } from "../../src/disk/token-file.ts";
import { zoneFromIntl } from "../../src/disk/zone-from-intl.ts";
import type { Desired } from "../../src/model/message.ts";
import { type FakeHub, openFakeHub } from "./fake-hub.ts";
import { desiredOf, makeRepository, type Repository } from "./repository.ts";

export const NODE = "Pen-1";
const ZONE = "Etc/UTC";

/** People with tokens of their own, by what they do. */
export const operator = makeToken("STF-1");
export const auditor = makeToken("AUD-1");
export const qa = makeToken("QA-1");
export const admin = makeToken("ADM-1");
export const supervisor = makeToken("SUP-1");
const people = {
  format: "maint-people/1",
  people: [
    { id: "STF-1", roles: ["operator"], tokenSha256: operator.sha256 },
    { id: "AUD-1", roles: ["auditor"], tokenSha256: auditor.sha256 },
    { id: "QA-1", roles: ["QA"], tokenSha256: qa.sha256 },
    { id: "ADM-1", roles: ["admin"], tokenSha256: admin.sha256 },
    { id: "SUP-1", roles: ["supervisor", "operator"], tokenSha256: supervisor.sha256 },
  ],
};

export function bundleOf(text: string): string {
  const { contracts, diagnostics } = compile([{ name: "UV-DAILY.maint", text }]);
  const [compiled] = contracts;
  if (compiled === undefined) throw new Error(JSON.stringify(diagnostics));
  return compiled.bytes;
}

export interface World {
  readonly folder: string;
  readonly repository: Repository;
  readonly hub: FakeHub;
  readonly set: (generation: number, contracts: Desired["contracts"], more?: Partial<Desired>) => void;
  readonly start: (options?: Partial<AgentOptions>) => Promise<Agent>;
}

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** An enrolled node with people and a register, and a hub that a test plays; gone after the test, or when `atEnd` says. */
export async function openWorld(
  atEnd: (close: () => unknown) => void = (close) => void closers.push(close),
): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), "agent-"));
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  const repository = makeRepository();
  const hub = await openFakeHub(repository);
  atEnd(hub.close);
  await enrolNode({ dataFolder: folder, node: NODE, hubUrl: hub.url, token: "once" });
  const register = {
    format: "maint-station/1",
    node: NODE,
    station: { id: "LP-1", type: "penetrant", attributes: [], orderRequired: false },
    plantZone: ZONE,
    shifts: ["00:00"],
    roles: { lamp: "Lamp-1" },
    assets: [{ id: "Lamp-1", serial: "L1", type: "uv-a-lamp", attributes: [] }],
  };
  const documents = {
    register: repository.put(canonicalJson(register)),
    people: repository.put(canonicalJson(people)),
    orders: repository.put(canonicalJson({ format: "maint-orders/1", orders: [] })),
    zone: repository.put(canonicalJson(zoneFromIntl(ZONE))),
  };
  return {
    folder,
    repository,
    hub,
    set: (generation, contracts, more = {}) => {
      const metadata = repository.publish(Date.now());
      hub.desired = repository.sign({ ...desiredOf(metadata, contracts, generation, documents), ...more });
    },
    start: async (options = {}) => {
      const agent = await startAgent({ dataFolder: folder, node: NODE, ...options });
      atEnd(agent.stop);
      return agent;
    },
  };
}

export async function until(what: string, holds: () => boolean): Promise<void> {
  for (let waited = 0; waited < 3_000; waited++) {
    if (holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`never happened: ${what}`);
}

export const inForce = (agent: Agent, generation: number): Promise<void> =>
  until(`generation ${generation}`, () => agent.status().generation === generation);

/** Asks over TCP; a text is sent as it is, undefined is a GET. */
export async function ask(
  agent: Agent,
  path: string,
  body: unknown,
  token: string,
  headers: Record<string, string> = {},
) {
  const init =
    body === undefined
      ? { method: "GET" }
      : { method: "POST", body: typeof body === "string" ? body : JSON.stringify(body) };
  const response = await fetch(new URL(path, agent.url), {
    ...init,
    headers: { authorization: `Bearer ${token}`, ...headers },
  });
  const text = await response.text();
  return { status: response.status, text, json: text.startsWith("{") ? JSON.parse(text) : undefined };
}
