import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { printUtc } from "../base/civil-time.ts";
import { MaintError } from "../base/maint-error.ts";
import { makeFolder, writeAtomically } from "../disk/atomic-write.ts";
import { type SigningKey, signHex, verifyHex } from "../disk/key-file.ts";
import type { LedgerFile } from "../disk/ledger-file.ts";
import { toBase64 } from "../ledger/base64.ts";
import {
  checkpointKey,
  openCheckpoint,
  originOf,
  parseCheckpoint,
  type SignedCheckpoint,
  witnessNameOf,
} from "../ledger/checkpoint.ts";
import { cosign, verifyCosignature } from "../ledger/cosignature.ts";
import {
  NOTE_ALGORITHMS,
  type NoteKey,
  type NoteSignature,
  type NoteSigner,
  parseNote,
  printNote,
  signatureBy,
  signatureLine,
} from "../ledger/note.ts";
import { judgeCheckpoint } from "../ledger/witness.ts";
import type { LedgerRecord } from "../model/ledger-entry.ts";
import { MAX_KEPT_SPLIT_VIEWS } from "../model/limits.ts";
import type { Cosignature, HubCheckpoint } from "../model/message.ts";
import type { NewAlert } from "./alert-spool.ts";
import {
  keepAccepted,
  keepSplitViewIn,
  latestSplitView,
  putAway,
  type SplitView,
  splitViewsIn,
} from "./other-history.ts";

/**
 * The node's memory of where the hub's ledger stood: it cosigns what goes on from that, and keeps the proof of what does not. No
 * decision depends on it.
 */
export interface Witness {
  /** Entries of the hub's ledger that the kept checkpoint covers; 0 for none. */
  readonly size: () => number;
  /** What is answered is on the disk. @throws the operating system's error when it could not be kept */
  readonly take: (shown: HubCheckpoint) => Cosignature;
  readonly view: () => WitnessView;
  /**
   * Goes on from the other history that the hub showed: a person knows why the two differ. The one that was kept stays as
   * evidence, and who accepted what is in the node's ledger before it is so.
   * @throws MaintError MAINT_ERR_NOTHING_TO_ACCEPT, MAINT_ERR_CONFLICT where it is not the one that `root` names
   */
  readonly accept: (root: string, by: string, reason: string) => HubHistory;
}

/** A history of the hub's ledger by its checkpoint. */
export interface HubHistory {
  readonly size: number;
  /** Base64. */
  readonly root: string;
  /** Signed note. */
  readonly checkpoint: string;
}

export interface WitnessView {
  readonly hub: string;
  /** Null where nothing was seen yet. */
  readonly kept: HubHistory | null;
  /** What the hub showed last that does not go on from it; null where nothing was. */
  readonly other: (HubHistory & { readonly why: string; readonly seenAt: string }) | null;
}

export interface WitnessOptions {
  readonly node: string;
  readonly key: SigningKey;
  readonly hub: string;
  /** Where the hub's checkpoint is kept, and the folder for pairs that do not agree. */
  readonly path: string;
  readonly splitViews: string;
  /** The hub's online keys by the verified root, public halves in hex. */
  readonly hubKeys: () => Iterable<string>;
  readonly ledger: Pick<LedgerFile, "append" | "head">;
  readonly raise: (alerts: readonly NewAlert[]) => void;
  /** Epoch milliseconds. */
  readonly nowMs: () => number;
}

export function openWitness(options: WitnessOptions): Witness {
  const { node, hub, key, path } = options;
  const origin = originOf(hub);
  const signer: NoteSigner = {
    ...{ name: witnessNameOf(node), publicHex: key.publicHex },
    sign: (content) => signHex(key, content),
  };
  let kept = readKept(path, signer);
  if (kept === undefined)
    tell(options, "ledger.witness-lost", `${path} cannot be read: the hub's next checkpoint is taken on trust`);
  const refused = (why: "size" | "unsigned" | "conflict"): Cosignature => ({
    size: kept?.size ?? 0,
    line: null,
    refused: why,
  });
  const keysNow = () => [...options.hubKeys()].map((publicHex) => checkpointKey(hub, publicHex));
  let other = kept === undefined || kept === null ? undefined : latestSplitView(options.splitViews, kept);
  const cosigned = ({ note }: SignedCheckpoint): NoteSignature =>
    cosign(note.text, Math.floor(options.nowMs() / 1_000), signer);
  const keep = (checkpoint: SignedCheckpoint, keys: readonly NoteKey[], line: NoteSignature): void => {
    const { text } = checkpoint.note;
    writeAtomically(path, printNote({ text, signatures: [...ownSignatures(checkpoint, keys), line] }));
    kept = checkpoint;
    other = undefined;
  };
  return {
    size: () => kept?.size ?? 0,
    take: (shown) => {
      const keys = keysNow();
      const verdict = judgeCheckpoint(kept ?? null, shown, { origin, keys, verify: verifyHex });
      switch (verdict.kind) {
        case "unsigned":
          return refused("unsigned");
        case "other-size":
          return refused("size");
        case "conflict": {
          // The kept one stays: it is what the next checkpoint is held against, too.
          if (kept === undefined || kept === null) return refused("conflict");
          other = { why: verdict.why, seenAtMs: options.nowMs(), kept: printNote(kept.note), shown };
          keepSplitView(options, kept.size, other);
          return refused("conflict");
        }
        case "same":
        case "goes-on": {
          const { checkpoint, kind } = verdict;
          const line = cosigned(checkpoint);
          if (kind === "goes-on") keep(checkpoint, keys, line);
          return { size: checkpoint.size, line: signatureLine(line), refused: null };
        }
      }
    },
    view: () => ({
      hub,
      kept: kept === undefined || kept === null ? null : historyOf(kept),
      other: other === undefined ? null : otherOf(other),
    }),
    accept: (root, by, reason) => {
      if (other === undefined || kept === undefined || kept === null) throw nothingToAccept(hub);
      const keys = keysNow();
      const checkpoint = chosen(other, root, hub, keys);
      const acceptedAtMs = options.nowMs();
      const evidence = keepAccepted(options.splitViews, kept, { by, reason, acceptedAtMs, other });
      options.ledger.append([acceptedRecord(options, { kept, checkpoint, by, reason, evidence })]);
      keep(checkpoint, keys, cosigned(checkpoint));
      putAway(options.splitViews);
      return historyOf(checkpoint);
    },
  };
}

/** What was shown, where it is what the person saw and its key is the hub's still. */
function chosen({ shown }: SplitView, root: string, hub: string, keys: readonly NoteKey[]): SignedCheckpoint {
  const opened = openCheckpoint(shown.note, originOf(hub), keys, verifyHex);
  if (!opened.ok) throw nothingToAccept(hub);
  if (toBase64(opened.value.root) === root) return opened.value;
  throw new MaintError("MAINT_ERR_CONFLICT", "the hub has shown another history meanwhile", {
    help: "look at it again, then accept that",
  });
}

const historyOf = ({ size, root, note }: SignedCheckpoint): HubHistory => ({
  ...{ size, root: toBase64(root), checkpoint: printNote(note) },
});

/** What does not parse was never kept: its signature held when it was. */
function otherOf({ shown, why, seenAtMs }: SplitView): WitnessView["other"] {
  const note = parseNote(shown.note);
  const checkpoint = note.ok ? parseCheckpoint(note.value.text) : note;
  if (!note.ok || !checkpoint.ok) return null;
  return { ...historyOf({ ...checkpoint.value, note: note.value }), why, seenAt: printUtc(seenAtMs) };
}

const nothingToAccept = (hub: string): MaintError =>
  new MaintError("MAINT_ERR_NOTHING_TO_ACCEPT", `${hub} has shown no other history of its ledger than the kept one`, {
    help: "a hub shows where it stands within a minute of each session; maint status --node says whether there is one",
  });

interface Accepted {
  readonly kept: SignedCheckpoint;
  readonly checkpoint: SignedCheckpoint;
  readonly by: string;
  readonly reason: string;
  readonly evidence: string;
}

const acceptedRecord = (
  { hub }: WitnessOptions,
  { kept, checkpoint, by, reason, evidence }: Accepted,
): LedgerRecord => ({
  ...{ action_type: "node_session", action: "accepted-history", target: hub, user_id: by, smart_id: null },
  details: `another history of the hub's ledger is gone on with, of ${checkpoint.size} entries in place of ${kept.size}: ${reason}`,
  metadata: { reason, kept: printNote(kept.note), accepted: printNote(checkpoint.note), evidence },
});

/** What else was signed under the note is not this node's to keep. */
const ownSignatures = ({ note }: SignedCheckpoint, keys: readonly NoteKey[]) =>
  keys.flatMap((key) => signatureBy(note, key) ?? []);

/** Null where there is none; undefined for a file that this node did not write. Its own cosignature vouches for it. */
function readKept(path: string, { name, publicHex }: NoteSigner): SignedCheckpoint | null | undefined {
  if (!existsSync(path)) return null;
  const note = parseNote(readFileSync(path, "utf8"));
  const checkpoint = note.ok ? parseCheckpoint(note.value.text) : note;
  if (!note.ok || !checkpoint.ok) return undefined;
  const own = { name, algorithm: NOTE_ALGORITHMS.cosignature, publicHex };
  const signature = signatureBy(note.value, own);
  const holds = signature !== undefined && verifyCosignature(signature, note.value.text, own, verifyHex).ok;
  return holds ? { ...checkpoint.value, note: note.value } : undefined;
}

/** Two signed notes that cannot both be true, and the proof that failed: kept for whoever judges the hub, and told once. */
function keepSplitView(options: WitnessOptions, keptSize: number, pair: SplitView): void {
  const { splitViews, ledger, hub, node } = options;
  const { why, kept, shown } = pair;
  const note = parseNote(shown.note);
  const text = note.ok ? note.value.text : shown.note;
  makeFolder(splitViews);
  // Named by what was signed, so that the same pair is kept, and told, once.
  const [, size = "", root = ""] = text.split("\n");
  const file = `${keptSize}-${size}-${Buffer.from(root, "base64").toString("hex").slice(0, 16)}.json`;
  const known = splitViewsIn(splitViews);
  if (known.includes(file) || known.length >= MAX_KEPT_SPLIT_VIEWS) return;
  // The file comes last: while it is not there the pair counts as not told, and after a crash is told again rather than never.
  ledger.append([
    {
      ...{ action_type: "alert_raised", action: "split-view", target: hub, user_id: node, smart_id: null },
      details: `the hub's ledger shows two histories: ${why}`,
      metadata: { evidence: file, kept, shown: shown.note },
    },
  ]);
  tell(
    options,
    "ledger.split-view",
    `the hub's ledger shows two histories: ${why}; the proof is ${join("split-view", file)}`,
  );
  keepSplitViewIn(splitViews, file, pair);
}

function tell({ node, hub, raise, ledger, nowMs }: WitnessOptions, reason: string, text: string): void {
  raise([
    {
      ...{ node, atMs: nowMs(), ledgerSeq: ledger.head().size - 1, kind: "runtime-fault", severity: "high" },
      ...{ contract: null, version: null, bundleDigest: null, condition: null },
      ...{ reason, subject: hub, text: text.slice(0, 1_000) },
      ...{ testId: null, stationId: null, stationType: null, reading: null, assets: [], tell: ["auditor", "admin"] },
    },
  ]);
}
