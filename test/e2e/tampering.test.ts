import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { nodeFolder } from "../../src/agent/node-folder.ts";
import { type NodeState, readNodeState, writeNodeState } from "../../src/agent/node-state.ts";
import { digestOf } from "../../src/agent/verification.ts";
import { runMaint } from "../../src/cli/story/processes.ts";
import { CONTRACT, STATIONS } from "../../src/cli/story/uv-story.ts";
import { loadKeyFile } from "../../src/disk/key-file.ts";
import {
  atHub,
  gate,
  inForce,
  type LpFloor,
  nodeStatus,
  readLamp,
  startLpFloor,
  until,
  verifyLedger,
} from "./lp-floor.ts";

const NODE = "LP-01";

let floor: LpFloor;
beforeAll(async () => {
  floor = await startLpFloor(1);
  await readLamp(floor, NODE, "1180");
});
afterAll(() => floor?.end());

function flipByte(path: string): void {
  const bytes = readFileSync(path);
  const at = Math.floor(bytes.length / 2);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(path, bytes);
}

/** Runs `work` on a folder that is afterwards as it was before. */
async function untouched(folder: string, work: () => Promise<void>): Promise<void> {
  const copy = `${folder}.copy`;
  cpSync(folder, copy, { recursive: true });
  try {
    await work();
  } finally {
    rmSync(folder, { recursive: true });
    cpSync(copy, folder, { recursive: true });
    rmSync(copy, { recursive: true });
  }
}

describe("what a node keeps", () => {
  const paths = () => nodeFolder(floor.data, NODE);
  const state = (): NodeState => {
    const read = readNodeState(paths().state, loadKeyFile(paths().key));
    if (!read.ok) throw new Error(read.error.detail);
    return read.value;
  };
  const keptPath = (digest: string): string => join(paths().kept, digest.slice("sha256:".length));
  const desired = () => {
    const { accepted } = state();
    if (accepted === null) throw new Error(`${NODE} accepted nothing yet`);
    return accepted.signed.desired;
  };
  const bundleDigest = (): string => desired().contracts[CONTRACT]?.digest ?? "";

  /** The targets metadata without its signatures, kept under its own digest. */
  function keepUnsignedTargets(): string {
    const { signed } = JSON.parse(readFileSync(keptPath(desired().metadata.targets), "utf8")) as { signed: unknown };
    const bytes = Buffer.from(JSON.stringify({ signed, signatures: [] }));
    const digest = digestOf(bytes);
    writeFileSync(keptPath(digest), bytes);
    return digest;
  }
  const pointingTo = (digest: string, text: string): string => text.replaceAll(desired().metadata.targets, digest);

  const tamperings: readonly { readonly what: string; readonly reason: string; readonly tamper: () => void }[] = [
    {
      what: "one byte of the bundle flipped",
      reason: "digest-mismatch",
      tamper: () => flipByte(keptPath(bundleDigest())),
    },
    { what: "the bundle taken away", reason: "digest-mismatch", tamper: () => rmSync(keptPath(bundleDigest())) },
    {
      what: "unsigned targets metadata, state.json pointing at it",
      reason: "content-mismatch",
      tamper: () => {
        const text = pointingTo(keepUnsignedTargets(), readFileSync(paths().state, "utf8"));
        writeFileSync(paths().state, text);
      },
    },
    {
      what: "the same by somebody who has the node's key and signs state.json again",
      reason: "signature-missing",
      tamper: () => {
        const changed = JSON.parse(pointingTo(keepUnsignedTargets(), JSON.stringify(state()))) as NodeState;
        writeNodeState(paths().state, loadKeyFile(paths().key), changed);
      },
    },
    { what: "one byte of state.json flipped", reason: "content-mismatch", tamper: () => flipByte(paths().state) },
  ];

  const gateAfterStart = async (id: string, caller: "operator" | "machine") => {
    await floor.startAgent(NODE, ["--no-hub"]);
    const answer = await gate(floor, NODE, id, caller);
    const { rejection } = await nodeStatus(floor, NODE);
    await floor.agent(NODE).stop();
    return { ...answer, rejection: rejection?.reason ?? null };
  };
  const allowed = { exitCode: 0, allow: true, reasons: [], rejection: null };

  beforeAll(async () => {
    await floor.agent(NODE).stop();
  });

  for (const { what, reason, tamper } of tamperings) {
    test(`${what}: the gate blocks, and allows again once it is restored`, async () => {
      expect(await gateAfterStart("CONTROL", "operator")).toMatchObject(allowed);
      await untouched(paths().path, async () => {
        tamper();
        const reasons = ["bundle.rejected:node"];
        // Whom the operator's token belongs to stands in what was refused: only the node's own token is known now.
        const answer = await gateAfterStart("TAMPERED", "machine");
        expect(answer).toMatchObject({ exitCode: 10, allow: false, reasons, rejection: reason });
      });
      expect(await gateAfterStart("RESTORED", "operator")).toMatchObject(allowed);
    });
  }

  test("a ledger entry changed on the disk: verify names it, the agent does not start on it", async () => {
    const control = await verifyLedger(floor, NODE);
    expect(control, control.stdout).toMatchObject({ exitCode: 0 });
    await untouched(paths().path, async () => {
      changeEntry(paths().ledger, 3);
      const { exitCode, stdout } = await verifyLedger(floor, NODE);
      expect(exitCode).toBe(1);
      expect(JSON.parse(stdout)).toMatchObject({ ok: false, finding: { seq: 3, fault: "edited" } });
      const refused = await runMaint(["node", "start", NODE, "--no-hub", "--data", floor.data]);
      expect(refused.exitCode).toBe(69);
      expect(refused.stderr).toMatch(/^maint: .*ledger\.db: entry 3 does not hold: /);
    });
    expect((await verifyLedger(floor, NODE)).exitCode).toBe(0);
  });
});

/** As somebody would who knows SQLite and not the hash chain: the triggers go, the person who acted becomes another. */
function changeEntry(path: string, seq: number): void {
  const db = new DatabaseSync(path);
  try {
    db.exec("DROP TRIGGER entry_is_never_changed; DROP TRIGGER entry_is_never_deleted");
    const row = db.prepare("SELECT bytes FROM entry WHERE seq = ?").get(seq) as { readonly bytes: Uint8Array };
    const text = Buffer.from(row.bytes).toString("utf8");
    const changed = text.replace(/"user_id":"[^"]*"/, '"user_id":"STF-9"');
    expect(changed).not.toBe(text);
    db.prepare("UPDATE entry SET bytes = ? WHERE seq = ?").run(Buffer.from(changed), seq);
  } finally {
    db.close();
  }
}

/** Root, targets, snapshot, timestamp; three different roles (those that list nothing yet are the same bytes); register, people, orders, zone. */
const REST_OF_RELEASE = 11;

describe("what PolicyCentral holds", () => {
  const policy = (): string => join(floor.data, "policy");
  const filesBelow = (folder: string): readonly string[] =>
    readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => join(folder, name));
  const bundleFiles = (): readonly string[] =>
    filesBelow(policy()).filter((path) => path.endsWith(`${CONTRACT}.bundle.json`));
  /** The digest that was signed for the bundle stands in the name of its second copy. */
  const bundleHex = (): string =>
    bundleFiles().flatMap((path) => /^([0-9a-f]{64})\./.exec(basename(path))?.[1] ?? [])[0] ?? "no bundle";
  const keptBy = (node: string): readonly string[] => readdirSync(nodeFolder(floor.data, node).kept);
  const verifyAll = () => runMaint(["release", "verify", "--all", "--data", floor.data]);

  test("one byte of a stored bundle flipped: verify names the file, no node gets it", async () => {
    const [, late] = STATIONS;
    if (late === undefined) throw new Error("the story has a second station");
    expect(await verifyAll()).toMatchObject({ exitCode: 0 });
    expect(bundleFiles().length).toBeGreaterThan(0);
    await floor.hub().stop();
    await untouched(policy(), async () => {
      for (const path of bundleFiles()) flipByte(path);
      const found = await verifyAll();
      expect(found.exitCode).toBe(1);
      for (const path of bundleFiles()) expect(`\n${found.stdout}`).toContain(`\n${relative(policy(), path)}: `);
      const damaged = await floor.startHub();
      for (const path of bundleFiles())
        expect(damaged.lastLines().join("\n")).toContain(`PolicyCentral does not hold: ${relative(policy(), path)}`);
      await floor.enrol(late);
      const agent = await floor.startAgent(late.id);
      // All the rest of the release arrives, so that the bundle was asked for with it and not handed out.
      await until("the rest of the release", async () => keptBy(late.id).length >= REST_OF_RELEASE);
      await new Promise((resolve) => setTimeout(resolve, 300));
      expect(keptBy(late.id)).toHaveLength(REST_OF_RELEASE);
      expect(keptBy(late.id)).not.toContain(bundleHex());
      expect(await gate(floor, late.id, "T-1", "machine")).toMatchObject({
        exitCode: 10,
        reasons: ["bundle.none:node"],
      });
      await agent.stop();
      await floor.hub().stop();
    });
    expect(await verifyAll()).toMatchObject({ exitCode: 0 });
    // Control: from the files as they were signed, the same node gets the same release.
    await floor.startHub();
    await floor.startAgent(late.id);
    await inForce(floor, late.id, "v1.0");
    expect(keptBy(late.id)).toContain(bundleHex());
  });

  test("targets metadata without its signatures: the hub refuses to start and says why", async () => {
    await floor.hub().stop();
    await untouched(policy(), async () => {
      const newest = filesBelow(join(policy(), "metadata"))
        .filter((path) => path.endsWith(".targets.json"))
        .sort((a, b) => Number.parseInt(basename(a), 10) - Number.parseInt(basename(b), 10))
        .at(-1);
      if (newest === undefined) throw new Error("PolicyCentral has targets metadata");
      const { signed } = JSON.parse(readFileSync(newest, "utf8")) as { signed: unknown };
      writeFileSync(newest, JSON.stringify({ signed, signatures: [] }));
      expect((await verifyAll()).exitCode).toBe(1);
      const refused = await runMaint(["hub", "start", "--data", floor.data]);
      expect(refused.exitCode).toBe(69);
      expect(refused.stderr).toMatch(/^maint: PolicyCentral does not hold: .*targets\.json /);
      expect(refused.stderr).not.toMatch(/\n\s+at /);
    });
    await floor.startHub();
    expect((await runMaint(["hub", "status", ...atHub(floor)])).exitCode).toBe(0);
  });
});
