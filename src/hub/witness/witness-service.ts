import { MaintError } from "../../base/maint-error.ts";
import { verifyHex } from "../../disk/key-file.ts";
import type { LedgerFile } from "../../disk/ledger-file.ts";
import { toBase64 } from "../../ledger/base64.ts";
import { parseCheckpoint, witnessNameOf } from "../../ledger/checkpoint.ts";
import { verifyCosignature } from "../../ledger/cosignature.ts";
import { NOTE_ALGORITHMS, parseNote, parseSignatureLine } from "../../ledger/note.ts";
import { consistencyProof } from "../../ledger/proof.ts";
import { MAX_COSIGNATURES_SHOWN, WITNESS_INTERVAL_MS, WITNESSES_PER_TICK } from "../../model/limits.ts";
import type { Cosignature, HubCheckpoint } from "../../model/message.ts";
import type { Clock } from "../ports.ts";
import type { Refusal } from "../session/refusal-book.ts";
import type { HubDatabase } from "../store/database.ts";
import type { WitnessRow, WitnessTables } from "../store/witness-tables.ts";

/** Shows the nodes where the hub's own ledger stands, and keeps what they cosign. Nothing else waits for it. */
export interface WitnessService {
  /** A node's key is proven; `size` is what it keeps, undefined for one that is no witness. */
  readonly met: (node: string, size: number | undefined, publicHex: string) => void;
  readonly left: (node: string) => void;
  readonly cosigned: (node: string, cosignature: Cosignature) => void;
  /** Shows the next few nodes the checkpoint of this interval, and writes down what came back. To be called at every tick. */
  readonly round: (show: (node: string, checkpoint: HubCheckpoint) => void) => Promise<void>;
  /** The largest checkpoint that nodes cosigned, with their signature lines; null where none did. */
  readonly cosignedCheckpoint: () => Promise<{ readonly note: string; readonly witnesses: readonly string[] } | null>;
}

export interface WitnessPorts {
  readonly db: HubDatabase;
  readonly ledger: Pick<LedgerFile, "checkpoint" | "checkpoints" | "tree">;
  readonly clock: Clock;
  /** A node keeps another history: said once, until it cosigns again or comes anew. */
  readonly disagreed: (refusal: Refusal) => void;
}

interface LiveWitness {
  readonly publicHex: string;
  /** What it keeps, as it said last. */
  size: number;
  /** The checkpoint it was shown last, by size. */
  shown: number;
  /** It said that it keeps another history. */
  disagrees: boolean;
}

interface Current {
  readonly note: string;
  readonly text: string;
  readonly size: number;
  readonly sinceMs: number;
}

/** @throws MaintError MAINT_ERR_LEDGER_DAMAGED when nodes cosigned more entries than there are: the ledger is an older copy */
export async function openWitnessService({ db, ledger, clock, disagreed }: WitnessPorts): Promise<WitnessService> {
  await refuseOlderCopy(db, ledger);
  const live = new Map<string, LiveWitness>();
  const unwritten = new Map<string, WitnessRow>();
  const proofs = new Map<number, readonly string[]>();
  let current: Current | null = null;
  const renew = (): void => {
    const nowMs = clock.nowMs();
    if (current !== null && Math.abs(nowMs - current.sinceMs) < WITNESS_INTERVAL_MS) return;
    const note = ledger.checkpoint();
    const parsed = note === null ? undefined : parseNote(note);
    const checkpoint = parsed?.ok === true ? parseCheckpoint(parsed.value.text) : undefined;
    if (note === null || parsed?.ok !== true || checkpoint?.ok !== true) return;
    proofs.clear();
    current = { note, text: parsed.value.text, size: checkpoint.value.size, sinceMs: nowMs };
  };
  const show = (witness: LiveWitness, { note, size }: Current): HubCheckpoint => {
    const fromSize = Math.min(witness.size, size);
    if (fromSize === 0 || fromSize === size) return { note, fromSize, proof: [] };
    const proof = proofs.get(fromSize) ?? consistencyProof(fromSize, size, ledger.tree.read).map(toBase64);
    proofs.set(fromSize, proof);
    return { note, fromSize, proof };
  };
  const conflict = (node: string, witness: LiveWitness, size: number): void => {
    if (witness.disagrees) return;
    witness.disagrees = true;
    const details = `${node} keeps another history of this ledger, of ${size} entries: one of the two was changed, or put back from a copy`;
    disagreed({ action: "refused-checkpoint", node, details, address: null });
  };
  return {
    met: (node, size, publicHex) => {
      if (size !== undefined) live.set(node, { publicHex, size, shown: 0, disagrees: false });
    },
    left: (node) => void live.delete(node),
    cosigned: (node, { size, line, refused }) => {
      const witness = live.get(node);
      if (witness === undefined || current === null || witness.shown !== current.size) return;
      if (refused === "conflict") conflict(node, witness, size);
      // Once more from where it stands; a node that says so of every size is left alone until the next interval.
      if (refused === "size" && witness.size !== size) witness.shown = 0;
      witness.size = size;
      const signature = line === null ? undefined : parseSignatureLine(line);
      if (signature === undefined || size !== current.size) return;
      const key = { name: witnessNameOf(node), algorithm: NOTE_ALGORITHMS.cosignature, publicHex: witness.publicHex };
      if (!verifyCosignature(signature, current.text, key, verifyHex).ok) return;
      witness.disagrees = false;
      unwritten.set(node, { node, size, line: line ?? "", at_ms: clock.nowMs() });
    },
    round: async (send) => {
      await write(db, unwritten);
      renew();
      if (current === null) return;
      let turns = 0;
      for (const [node, witness] of live) {
        if (witness.shown === current.size || turns === WITNESSES_PER_TICK) continue;
        turns += 1;
        const checkpoint = show(witness, current);
        witness.shown = current.size;
        send(node, checkpoint);
      }
    },
    cosignedCheckpoint: () => cosignedCheckpoint(db, ledger),
  };
}

async function write(db: HubDatabase, unwritten: Map<string, WitnessRow>): Promise<void> {
  if (unwritten.size === 0) return;
  const rows = [...unwritten.values()];
  unwritten.clear();
  await db.atomically<WitnessTables, void>(async (tables) => {
    for (const row of rows)
      await tables
        .insertInto("witness")
        .values(row)
        .onConflict((conflict) =>
          conflict.column("node").doUpdateSet({ size: row.size, line: row.line, at_ms: row.at_ms }),
        )
        .execute();
  });
}

async function refuseOlderCopy(db: HubDatabase, ledger: WitnessPorts["ledger"]): Promise<void> {
  const rows = db.tables<WitnessTables>().selectFrom("witness").select(["node", "size"]);
  const last = await rows.orderBy("size", "desc").limit(1).executeTakeFirst();
  const size = ledger.tree.size();
  if (last === undefined || last.size <= size) return;
  throw new MaintError(
    "MAINT_ERR_LEDGER_DAMAGED",
    `entry ${size} does not hold: ${last.node} cosigned ${last.size} entries, and the ledger has ${size}: it is an older copy`,
    { exitCode: 69, help: "put the ledger back that belongs to this hub.db; maint restore brings both" },
  );
}

async function cosignedCheckpoint(
  db: HubDatabase,
  ledger: WitnessPorts["ledger"],
): ReturnType<WitnessService["cosignedCheckpoint"]> {
  const rows = await db
    .tables<WitnessTables>()
    .selectFrom("witness")
    .selectAll()
    .where("size", "=", (table) => table.selectFrom("witness").select(({ fn }) => fn.max("size").as("size")))
    .orderBy("node")
    .limit(MAX_COSIGNATURES_SHOWN)
    .execute();
  const note = rows[0] === undefined ? null : ledger.checkpoints.at(rows[0].size);
  return note === null
    ? null
    : { note: `${note}${rows.map(({ line }) => line).join("")}`, witnesses: rows.map(({ node }) => node) };
}
