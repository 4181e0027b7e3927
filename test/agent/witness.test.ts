import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import type { NewAlert } from "../../src/agent/alert-spool.ts";
import { openWitness, type Witness } from "../../src/agent/witness.ts";
import { makeSigningKey, verifyHex } from "../../src/disk/key-file.ts";
import type { LedgerFile } from "../../src/disk/ledger-file.ts";
import { openDatabase } from "../../src/disk/sqlite.ts";
import type { Refusal } from "../../src/hub/session/refusal-book.ts";
import { openHubDatabase } from "../../src/hub/store/database.ts";
import { witnessTables } from "../../src/hub/store/witness-tables.ts";
import { openWitnessService } from "../../src/hub/witness/witness-service.ts";
import { toBase64 } from "../../src/ledger/base64.ts";
import { checkpointKey, openCheckpoint, originOf } from "../../src/ledger/checkpoint.ts";
import { consistencyProof } from "../../src/ledger/proof.ts";
import { judgeCheckpoint } from "../../src/ledger/witness.ts";
import type { LedgerRecord } from "../../src/model/ledger-entry.ts";
import { MAX_KEPT_SPLIT_VIEWS, WITNESS_INTERVAL_MS, WITNESSES_PER_TICK } from "../../src/model/limits.ts";
import type { Cosignature, HubCheckpoint } from "../../src/model/message.ts";
import { fillLedger, newLedgerPath, openTestLedger, recordOf } from "../disk/ledger-fixture.ts";

const hubKey = makeSigningKey();
const openHubLedger = (): LedgerFile => {
  const ledger = openTestLedger(newLedgerPath(), hubKey);
  onTestFinished(() => ledger.close());
  return ledger;
};

/** What the hub shows a node that keeps `fromSize` entries. */
function shownFrom(ledger: LedgerFile, fromSize: number): HubCheckpoint {
  const note = ledger.checkpoint() ?? expect.fail("nothing was signed");
  const size = ledger.head().size;
  const proof =
    fromSize === 0 || fromSize >= size ? [] : consistencyProof(fromSize, size, ledger.tree.read).map(toBase64);
  return { note, fromSize, proof };
}

function openNode(node = "LP-01") {
  const folder = mkdtempSync(join(tmpdir(), "maint-witness-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const key = makeSigningKey();
  const alerts: NewAlert[] = [];
  const entries: LedgerRecord[] = [];
  const path = join(folder, "hub.checkpoint");
  const splitViews = join(folder, "split-view");
  const fails = { append: false };
  const append = (records: readonly LedgerRecord[]): readonly [] => {
    if (fails.append) throw new Error("killed");
    entries.push(...records);
    return [];
  };
  const open = (): Witness =>
    openWitness({
      ...{ node, key, hub: "hub-1", path, splitViews, nowMs: () => 1_795_000_000_000 },
      hubKeys: () => [hubKey.publicHex],
      ledger: { append, head: () => ({ size: 5, hash: "sha256:00" }) },
      raise: (raised) => void alerts.push(...raised),
    });
  const evidence = () =>
    readdirSync(splitViews).map((file) => JSON.parse(readFileSync(join(splitViews, file), "utf8")));
  return { key, alerts, entries, path, splitViews, open, evidence, fails };
}

describe("a node keeps the hub's checkpoint and cosigns what goes on from it", () => {
  test("from nothing, upwards, again after a restart", () => {
    const ledger = openHubLedger();
    const { open, path, alerts } = openNode();
    const witness = open();
    expect(witness.size()).toBe(0);
    fillLedger(ledger, 5);
    expect(witness.take(shownFrom(ledger, 0))).toMatchObject({
      size: 5,
      refused: null,
      line: expect.stringContaining("LP-01/maint-witness"),
    });
    fillLedger(ledger, 300);
    expect(witness.take(shownFrom(ledger, 5))).toMatchObject({ size: 300, refused: null });
    const again = open();
    expect(again.size()).toBe(300);
    expect(again.take(shownFrom(ledger, 300))).toMatchObject({ size: 300, refused: null });
    fillLedger(ledger, 301);
    expect(again.take(shownFrom(ledger, 5))).toEqual({ size: 300, line: null, refused: "size" });
    expect(again.take(shownFrom(ledger, 300))).toMatchObject({ size: 301, refused: null });
    expect(readFileSync(path, "utf8").match(/^— /gm)).toHaveLength(2);
    expect(alerts).toEqual([]);
  });

  test("what a stranger signed is not looked at, and changes nothing", () => {
    const ledger = openHubLedger();
    fillLedger(ledger, 5);
    const { open, alerts } = openNode();
    const witness = open();
    witness.take(shownFrom(ledger, 0));
    const stranger = openTestLedger(newLedgerPath(), makeSigningKey());
    fillLedger(stranger, 9);
    expect(witness.take(shownFrom(stranger, 5))).toEqual({ size: 5, line: null, refused: "unsigned" });
    expect(witness.take({ note: "nonsense", fromSize: 5, proof: [] }).refused).toBe("unsigned");
    expect(alerts).toEqual([]);
    stranger.close();
  });

  test("a kept checkpoint that was touched counts as none, and people hear of it", () => {
    const ledger = openHubLedger();
    fillLedger(ledger, 5);
    const { open, path, alerts } = openNode();
    open().take(shownFrom(ledger, 0));
    writeFileSync(path, readFileSync(path, "utf8").replace("\n5\n", "\n4\n"));
    expect(open().size()).toBe(0);
    expect(alerts).toMatchObject([{ reason: "ledger.witness-lost", kind: "runtime-fault" }]);
  });
});

describe("AB-36: a hub that shows two histories", () => {
  /** Two ledgers of one hub, signed by its key: the same up to entry 5, then another story for each. */
  function twoHistories() {
    const [first, second] = [openHubLedger(), openHubLedger()];
    for (const [ledger, by] of [
      [first, "STF-1"],
      [second, "EVE"],
    ] as const)
      ledger.append(Array.from({ length: 8 }, (_, index) => ({ ...recordOf(index), user_id: by })));
    return { first, second };
  }

  test("is refused, and the pair that proves it is kept and told, once", () => {
    const { first, second } = twoHistories();
    const { open, evidence, alerts, entries } = openNode();
    const witness = open();
    witness.take(shownFrom(first, 0));
    fillLedger(second, 12);
    const refused = witness.take(shownFrom(second, 8));
    expect(refused).toEqual({ size: 8, line: null, refused: "conflict" });
    expect(witness.take(shownFrom(second, 8))).toEqual(refused);
    expect(alerts).toMatchObject([
      { kind: "runtime-fault", reason: "ledger.split-view", severity: "high", subject: "hub-1" },
    ]);
    expect(entries).toMatchObject([{ action: "split-view", target: "hub-1" }]);
    const [pair] = evidence();
    expect(evidence()).toHaveLength(1);
    const keys = [checkpointKey("hub-1", hubKey.publicHex)];
    const [kept, shown] = [pair.kept, pair.shown.note].map((note) =>
      openCheckpoint(note, originOf("hub-1"), keys, verifyHex),
    );
    // Whoever holds the pair needs nothing else: both are signed, and the one does not go on from the other.
    expect([kept?.ok && kept.value.size, shown?.ok && shown.value.size]).toEqual([8, 12]);
    if (kept?.ok !== true) expect.fail("not signed");
    const judged = judgeCheckpoint(kept.value, pair.shown, { origin: originOf("hub-1"), keys, verify: verifyHex });
    expect(judged.kind).toBe("conflict");
    fillLedger(first, 20);
    expect(witness.take(shownFrom(first, 8))).toMatchObject({ size: 20, refused: null });
  });

  test("a node that was killed while it wrote the pair down tells of it when it is shown again", () => {
    const { first, second } = twoHistories();
    const { open, evidence, alerts, entries, fails } = openNode();
    open().take(shownFrom(first, 0));
    fillLedger(second, 12);
    fails.append = true;
    expect(() => open().take(shownFrom(second, 8))).toThrow("killed");
    fails.append = false;
    expect(open().take(shownFrom(second, 8)).refused).toBe("conflict");
    expect([evidence().length, alerts.length]).toEqual([1, 1]);
    const [{ kept, shown }] = evidence();
    expect(entries).toMatchObject([{ action: "split-view", metadata: { kept, shown: shown.note } }]);
  });

  test("two roots of one size, and a ledger that went back, are the same", () => {
    const { first, second } = twoHistories();
    const { open, evidence } = openNode();
    const witness = open();
    witness.take(shownFrom(first, 0));
    expect(witness.take(shownFrom(second, 8)).refused).toBe("conflict");
    const older = openHubLedger();
    older.append([recordOf(0)]);
    expect(witness.take(shownFrom(older, 1)).refused).toBe("conflict");
    expect(evidence().map(({ why }: { readonly why: string }) => why)).toEqual([
      expect.stringContaining("its ledger went back"),
      expect.stringContaining("two roots of 8 entries"),
    ]);
  });

  describe("that a person accepts, since the hub was restored", () => {
    /** A node that kept the first history and was shown the second. */
    function shownBoth() {
      const { first, second } = twoHistories();
      const node = openNode();
      const witness = node.open();
      witness.take(shownFrom(first, 0));
      const keptNote = readFileSync(node.path, "utf8");
      fillLedger(second, 12);
      witness.take(shownFrom(second, 8));
      return { ...node, first, second, witness, keptNote };
    }
    const rootOf = (ledger: LedgerFile, size: number): string => toBase64(ledger.tree.root(size));

    test("is cosigned and gone on from; what was kept stays as evidence, and who accepted it is in the ledger", () => {
      const { witness, second, first, entries, path, splitViews, keptNote, open, alerts } = shownBoth();
      expect(witness.view()).toMatchObject({ kept: { size: 8, root: rootOf(first, 8) }, other: { size: 12 } });
      const accepted = witness.accept(rootOf(second, 12), "ADM-1", "restored from yesterday's copy");
      expect(accepted).toMatchObject({ size: 12, root: rootOf(second, 12) });
      expect(entries.at(-1)).toMatchObject({
        ...{ action_type: "node_session", action: "accepted-history", target: "hub-1", user_id: "ADM-1" },
        metadata: { reason: "restored from yesterday's copy", accepted: accepted.checkpoint },
      });
      expect(witness.view().other).toBeNull();
      expect(readFileSync(path, "utf8").match(/^— /gm)).toHaveLength(2);
      const again = open();
      expect([again.size(), again.view().other]).toEqual([12, null]);
      fillLedger(second, 20);
      expect(again.take(shownFrom(second, 12))).toMatchObject({ size: 20, refused: null });
      expect(again.take(shownFrom(first, 8)).refused).toBe("conflict");
      expect(alerts).toHaveLength(2);
      const { metadata } = entries.find(({ action }) => action === "accepted-history") ?? expect.fail("no entry");
      const { evidence } = metadata as { readonly evidence: string };
      const file = JSON.parse(readFileSync(join(splitViews, evidence), "utf8"));
      expect(file).toMatchObject({ by: "ADM-1", other: { why: expect.stringContaining("do not go on") } });
      expect(keptNote).toContain(file.kept.split("\n\n")[0]);
    });

    test("is known again after a restart, and is gone when the hub shows the old one again", () => {
      const { first, second, open } = shownBoth();
      expect(open().view().other).toMatchObject({ size: 12, root: rootOf(second, 12), seenAt: expect.any(String) });
      const witness = open();
      fillLedger(first, 9);
      witness.take(shownFrom(first, 8));
      expect(witness.view()).toMatchObject({ kept: { size: 9 }, other: null });
      expect(() => witness.accept(rootOf(second, 12), "ADM-1", "because")).toThrow(/no other history/);
      expect(open().view().other).toBeNull();
    });

    test("is refused where there is none, and where it is not the one that the person saw", () => {
      const fresh = openNode().open();
      expect(fresh.view()).toEqual({ hub: "hub-1", kept: null, other: null });
      expect(() => fresh.accept("", "ADM-1", "because")).toThrow(/no other history/);
      const { witness, second, first, entries } = shownBoth();
      const before = entries.length;
      fillLedger(second, 14);
      const seen = rootOf(second, 12);
      witness.take(shownFrom(second, 8));
      expect(() => witness.accept(seen, "ADM-1", "because")).toThrow(/another history meanwhile/);
      expect(() => witness.accept(rootOf(first, 8), "ADM-1", "because")).toThrow(/another history meanwhile/);
      expect([witness.size(), entries.slice(before).map(({ action }) => action)]).toEqual([8, ["split-view"]]);
    });

    test("is not so while the ledger has not said it", () => {
      const { witness, second, fails, open } = shownBoth();
      fails.append = true;
      expect(() => witness.accept(rootOf(second, 12), "ADM-1", "because")).toThrow("killed");
      expect(open().size()).toBe(8);
      fails.append = false;
      expect(open().accept(rootOf(second, 12), "ADM-1", "because").size).toBe(12);
    });

    test("makes room for split views to come", () => {
      const { first, second } = twoHistories();
      const { open, alerts } = openNode();
      const witness = open();
      witness.take(shownFrom(first, 0));
      for (let size = 9; size < 9 + MAX_KEPT_SPLIT_VIEWS; size += 1) {
        fillLedger(second, size);
        witness.take(shownFrom(second, 8));
      }
      witness.accept(rootOf(second, second.head().size), "ADM-1", "because");
      fillLedger(first, 40);
      witness.take(shownFrom(first, second.head().size));
      expect(alerts).toHaveLength(MAX_KEPT_SPLIT_VIEWS + 1);
    });
  });

  test("no more pairs are kept than the limit says", () => {
    const { first, second } = twoHistories();
    const { open, evidence, alerts } = openNode();
    const witness = open();
    witness.take(shownFrom(first, 0));
    for (let size = 9; size < 9 + MAX_KEPT_SPLIT_VIEWS + 4; size += 1) {
      fillLedger(second, size);
      witness.take(shownFrom(second, 8));
    }
    expect([evidence().length, alerts.length]).toEqual([MAX_KEPT_SPLIT_VIEWS, MAX_KEPT_SPLIT_VIEWS]);
  });

  test("control: a witness that forgets what it saw cosigns both", () => {
    const { first, second } = twoHistories();
    const { open, path } = openNode();
    expect(open().take(shownFrom(first, 0)).refused).toBeNull();
    rmSync(path);
    expect(open().take(shownFrom(second, 0)).refused).toBeNull();
  });
});

describe("the hub and its witnesses", () => {
  async function openHub(ledger = openHubLedger()) {
    const db = await openHubDatabase(openDatabase(":memory:"), [witnessTables]);
    onTestFinished(() => db.close());
    let nowMs = 1_795_000_000_000;
    const told: Refusal[] = [];
    const open = () =>
      openWitnessService({ db, ledger, clock: { nowMs: () => nowMs }, disagreed: (refusal) => told.push(refusal) });
    const service = await open();
    /** One tick: what is shown is taken at once, and answered. */
    const round = async (nodes: {
      readonly [node: string]: (shown: HubCheckpoint) => Cosignature;
    }): Promise<number> => {
      const shown: (readonly [string, HubCheckpoint])[] = [];
      await service.round((node, checkpoint) => shown.push([node, checkpoint]));
      for (const [node, checkpoint] of shown) service.cosigned(node, (nodes[node] ?? expect.fail(node))(checkpoint));
      return shown.length;
    };
    const pass = (ms: number): void => {
      nowMs += ms;
    };
    return { ledger, db, service, open, round, pass, told };
  }

  test("shows each node the checkpoint once an interval, and hands it out with their cosignatures", async () => {
    const { ledger, service, round, pass, told } = await openHub();
    fillLedger(ledger, 10);
    const [a, b] = [openNode("LP-01"), openNode("LP-02")];
    const nodes = { "LP-01": a.open(), "LP-02": b.open() };
    const takes = { "LP-01": nodes["LP-01"].take, "LP-02": nodes["LP-02"].take };
    service.met("LP-01", 0, a.key.publicHex);
    service.met("LP-02", 0, b.key.publicHex);
    service.met("LP-03", undefined, a.key.publicHex);
    expect([await round(takes), await round(takes)]).toEqual([2, 0]);
    expect(await service.cosignedCheckpoint()).toMatchObject({ witnesses: ["LP-01", "LP-02"] });
    fillLedger(ledger, 400);
    expect(await round(takes)).toBe(0);
    pass(WITNESS_INTERVAL_MS);
    expect([await round(takes), await round(takes)]).toEqual([2, 0]);
    const cosigned = await service.cosignedCheckpoint();
    expect(cosigned?.note.split("\n")[1]).toBe("400");
    expect(cosigned?.note.match(/^— /gm)).toHaveLength(3);
    expect(nodes["LP-02"].size()).toBe(400);
    expect(told).toEqual([]);
  });

  test("a node that stands elsewhere than it said is asked again from there", async () => {
    const { ledger, service, round } = await openHub();
    fillLedger(ledger, 10);
    const a = openNode();
    const witness = a.open();
    witness.take(shownFrom(ledger, 0));
    fillLedger(ledger, 20);
    service.met("LP-01", 3, a.key.publicHex);
    const takes = { "LP-01": witness.take };
    expect([await round(takes), await round(takes), await round(takes)]).toEqual([1, 1, 0]);
    expect(await service.cosignedCheckpoint()).toMatchObject({ witnesses: ["LP-01"] });
  });

  test("a cosignature of another key, or of nothing that was shown, is not kept", async () => {
    const { ledger, service, round } = await openHub();
    fillLedger(ledger, 10);
    const [a, b] = [openNode(), openNode()];
    service.met("LP-01", 0, a.key.publicHex);
    await round({ "LP-01": b.open().take });
    service.cosigned("LP-01", { size: 10, line: "nonsense", refused: null });
    service.cosigned("LP-09", { size: 10, line: null, refused: null });
    await round({});
    expect(await service.cosignedCheckpoint()).toBeNull();
  });

  test("a node that keeps another history is written down, and a large floor is shown bit by bit", async () => {
    const { ledger, service, pass, told } = await openHub();
    fillLedger(ledger, 10);
    for (let index = 0; index < WITNESSES_PER_TICK + 3; index += 1) service.met(`N-${index}`, 0, hubKey.publicHex);
    const shown: string[] = [];
    await service.round((node) => shown.push(node));
    expect(shown).toHaveLength(WITNESSES_PER_TICK);
    await service.round((node) => shown.push(node));
    expect(new Set(shown).size).toBe(WITNESSES_PER_TICK + 3);
    // However often it says so, in this interval and in the next.
    for (let time = 0; time < 3; time += 1) service.cosigned("N-0", { size: 700, line: null, refused: "conflict" });
    pass(WITNESS_INTERVAL_MS);
    fillLedger(ledger, 11);
    for (let tick = 0; tick < 3; tick += 1) await service.round(() => undefined);
    service.cosigned("N-0", { size: 701, line: null, refused: "conflict" });
    const details = expect.stringContaining("keeps another history of this ledger, of 700 entries");
    expect(told).toMatchObject([{ action: "refused-checkpoint", node: "N-0", details }]);
  });

  test("AB-35: a hub whose ledger is older than what nodes cosigned does not start", async () => {
    const { ledger, service, round, open, db } = await openHub();
    fillLedger(ledger, 10);
    const a = openNode();
    service.met("LP-01", 0, a.key.publicHex);
    await round({ "LP-01": a.open().take });
    await round({});
    await open();
    const older = openHubLedger();
    fillLedger(older, 9);
    await expect(
      openWitnessService({ db, ledger: older, clock: { nowMs: () => 0 }, disagreed: () => undefined }),
    ).rejects.toThrow(/LP-01 cosigned 10 entries, and the ledger has 9/);
  });
});
