import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { canonicalJson } from "../base/canonical-json.ts";
import { makeFolder, writeAtomically, writeOnce } from "../disk/atomic-write.ts";
import { type SigningKey, signHex, verifyHex } from "../disk/key-file.ts";
import type { LedgerFile } from "../disk/ledger-file.ts";
import {
  checkpointKey,
  originOf,
  parseCheckpoint,
  type SignedCheckpoint,
  witnessNameOf,
} from "../ledger/checkpoint.ts";
import { cosign, verifyCosignature } from "../ledger/cosignature.ts";
import { NOTE_ALGORITHMS, type NoteSigner, parseNote, printNote, signatureBy, signatureLine } from "../ledger/note.ts";
import { judgeCheckpoint } from "../ledger/witness.ts";
import { MAX_KEPT_SPLIT_VIEWS } from "../model/limits.ts";
import type { Cosignature, HubCheckpoint } from "../model/message.ts";
import type { NewAlert } from "./alert-spool.ts";

/**
 * The node's memory of where the hub's ledger stood: it cosigns what goes on from that, and keeps the proof of what does not. No
 * decision depends on it.
 */
export interface Witness {
  /** Entries of the hub's ledger that the kept checkpoint covers; 0 for none. */
  readonly size: () => number;
  /** What is answered is on the disk. @throws the operating system's error when it could not be kept */
  readonly take: (shown: HubCheckpoint) => Cosignature;
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
  return {
    size: () => kept?.size ?? 0,
    take: (shown) => {
      const keys = [...options.hubKeys()].map((publicHex) => checkpointKey(hub, publicHex));
      const verdict = judgeCheckpoint(kept ?? null, shown, { origin, keys, verify: verifyHex });
      switch (verdict.kind) {
        case "unsigned":
          return refused("unsigned");
        case "other-size":
          return refused("size");
        case "conflict":
          // The kept one stays: it is what the next checkpoint is held against, too.
          if (kept !== undefined && kept !== null) keepSplitView(options, kept, shown, verdict.why);
          return refused("conflict");
        case "same":
        case "goes-on": {
          const { checkpoint } = verdict;
          const { text } = checkpoint.note;
          const line = cosign(text, Math.floor(options.nowMs() / 1_000), signer);
          if (verdict.kind === "goes-on") {
            writeAtomically(path, printNote({ text, signatures: [...ownSignatures(checkpoint, keys), line] }));
            kept = checkpoint;
          }
          return { size: checkpoint.size, line: signatureLine(line), refused: null };
        }
      }
    },
  };
}

/** What else was signed under the note is not this node's to keep. */
const ownSignatures = ({ note }: SignedCheckpoint, keys: Parameters<typeof judgeCheckpoint>[2]["keys"]) =>
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
function keepSplitView(options: WitnessOptions, kept: SignedCheckpoint, shown: HubCheckpoint, why: string): void {
  const { splitViews, ledger, hub, node } = options;
  const note = parseNote(shown.note);
  const text = note.ok ? note.value.text : shown.note;
  makeFolder(splitViews);
  // Named by what was signed, so that the same pair is kept, and told, once.
  const [, size = "", root = ""] = text.split("\n");
  const file = `${kept.size}-${size}-${Buffer.from(root, "base64").toString("hex").slice(0, 16)}.json`;
  const known = readdirSync(splitViews);
  if (known.includes(file) || known.length >= MAX_KEPT_SPLIT_VIEWS) return;
  const evidence = { why, seenAtMs: options.nowMs(), kept: printNote(kept.note), shown };
  // The file comes last: while it is not there the pair counts as not told, and after a crash is told again rather than never.
  ledger.append([
    {
      ...{ action_type: "alert_raised", action: "split-view", target: hub, user_id: node, smart_id: null },
      details: `the hub's ledger shows two histories: ${why}`,
      metadata: { evidence: file, kept: evidence.kept, shown: shown.note },
    },
  ]);
  tell(
    options,
    "ledger.split-view",
    `the hub's ledger shows two histories: ${why}; the proof is ${join("split-view", file)}`,
  );
  writeOnce(join(splitViews, file), `${canonicalJson(evidence)}\n`);
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
