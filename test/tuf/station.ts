import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Activation, inForceIn, openActivation } from "../../src/agent/activation.ts";
import { openKeptBytes } from "../../src/agent/kept-bytes.ts";
import { makeSigningKey } from "../../src/disk/key-file.ts";
import { openLedgerFile } from "../../src/disk/ledger-file.ts";
import { digestsOf } from "../../src/model/desired-digests.ts";
import type { SignedDesired } from "../../src/model/message.ts";
import { check, NODE, type Plant } from "./plant.ts";

/** A node's activation on a real disk, fed by hand: what it keeps, what it refuses, whom it tells. */
export interface Station {
  readonly folder: string;
  /** Keeps the bytes that the plant has, and tries the set. Answers `activated`, `unchanged`, or why not. */
  readonly take: (signed: SignedDesired) => Promise<string>;
  /** As at a new start of the process. Answers what it stands on, or why on nothing. */
  readonly restart: (atMs?: number) => Promise<string>;
  /** Versions of `UV-A` in force, as reports say it. */
  readonly inForce: () => string | null;
  readonly activation: () => Activation;
  /** Whether a test runs at the station. */
  testsRun: boolean;
  /** Generation that was accepted last. */
  readonly generation: () => number | null;
  /** Reasons that went out as alerts. */
  readonly alerts: string[];
  /** Reasons in the ledger. */
  readonly recorded: () => readonly unknown[];
  readonly close: () => void;
}

export async function openStation(plant: Plant): Promise<Station> {
  const folder = mkdtempSync(join(tmpdir(), "station-"));
  const key = makeSigningKey();
  const kept = openKeptBytes(join(folder, "kept"));
  let nowMs = plant.nowMs;
  const ledger = openLedgerFile(join(folder, "ledger.db"), {
    clock: () => ({ timeMs: nowMs, timeSource: "wall" }),
    owner: NODE,
  });
  const alerts: string[] = [];
  const open = (): Promise<Activation> =>
    openActivation({
      ...{ node: NODE, key, statePath: join(folder, "state.json"), enrolledRoot: plant.enrolledRoot },
      ...{
        kept,
        ledger,
        check,
        moment: () => ({ nowMs: Math.max(nowMs, plant.nowMs), source: "attested", evenMs: nowMs }),
      },
      testsRun: () => station.testsRun,
      onRejected: ({ reason }) => void alerts.push(reason),
    });
  const station = { testsRun: false };
  let activation = await open();
  const generation = (): number | null => {
    const standing = activation.standing();
    return standing.kind === "ready" ? standing.accepted.signed.desired.generation : null;
  };
  return Object.assign(station, {
    ...{ folder, alerts, generation },
    activation: () => activation,
    inForce: () => {
      const standing = activation.standing();
      const set = standing.kind === "ready" ? inForceIn(standing)?.set : undefined;
      return set?.contracts.map(({ version }) => version).join(" ") ?? null;
    },
    take: async (signed: SignedDesired) => {
      nowMs = plant.nowMs;
      for (const digest of digestsOf(signed)) {
        const bytes = plant.blobs.get(digest);
        if (bytes !== undefined) kept.write(digest, bytes);
      }
      const outcome = await activation.attempt(signed);
      return outcome.kind === "rejected" ? outcome.reason : outcome.kind;
    },
    restart: async (atMs = plant.nowMs) => {
      nowMs = atMs;
      activation = await open();
      const standing = activation.standing();
      return standing.kind === "rejected" ? standing.rejection.reason : standing.kind;
    },
    recorded: () =>
      ledger.list({ actionType: "contract_rejection", limit: 100 }).map(({ metadata }) => metadata["reason"]),
    close: () => {
      ledger.close();
      rmSync(folder, { recursive: true, force: true });
    },
  });
}
