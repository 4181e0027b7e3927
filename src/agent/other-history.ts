import { hash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { canonicalJson } from "../base/canonical-json.ts";
import { makeFolder, syncFolder, writeOnce } from "../disk/atomic-write.ts";
import type { SignedCheckpoint } from "../ledger/checkpoint.ts";
import { parseNote, printNote } from "../ledger/note.ts";
import type { HubCheckpoint } from "../model/message.ts";

/** A pair of the hub's checkpoints that cannot both be true, as it lies in the folder for them. */
export interface SplitView {
  readonly why: string;
  /** Epoch milliseconds. */
  readonly seenAtMs: number;
  /** The signed note that this node kept. */
  readonly kept: string;
  readonly shown: HubCheckpoint;
}

/** What a person accepted, and why: written before it is so, and never changed. */
export interface AcceptedHistory {
  readonly by: string;
  readonly reason: string;
  readonly acceptedAtMs: number;
  readonly kept: string;
  readonly other: SplitView;
}

/** Names of the pairs that nobody accepted yet. */
export const splitViewsIn = (folder: string): readonly string[] =>
  existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".json")) : [];

export function keepSplitViewIn(folder: string, file: string, pair: SplitView): void {
  writeOnce(join(folder, file), `${canonicalJson(pair)}\n`);
}

/** The latest pair that is about the checkpoint which is kept now; undefined where there is none. */
export function latestSplitView(folder: string, kept: SignedCheckpoint): SplitView | undefined {
  const pairs = splitViewsIn(folder).flatMap((name) => {
    const pair = JSON.parse(readFileSync(join(folder, name), "utf8")) as SplitView;
    const note = parseNote(pair.kept);
    return note.ok && note.value.text === kept.note.text ? [pair] : [];
  });
  return pairs.sort((a, b) => a.seenAtMs - b.seenAtMs).at(-1);
}

const ACCEPTED = "accepted";

/** Keeps what was accepted and why. Answers the name of the file, below the folder of pairs. */
export function keepAccepted(folder: string, { note }: SignedCheckpoint, given: Omit<AcceptedHistory, "kept">): string {
  const content = `${canonicalJson({ ...given, kept: printNote(note) })}\n`;
  const name = `${given.acceptedAtMs}-${hash("sha256", content, "hex").slice(0, 8)}.json`;
  makeFolder(join(folder, ACCEPTED));
  writeOnce(join(folder, ACCEPTED, name), content);
  return join(ACCEPTED, name);
}

/** What was told and is settled makes room for what may come. */
export function putAway(folder: string): void {
  for (const name of splitViewsIn(folder)) renameSync(join(folder, name), join(folder, ACCEPTED, name));
  syncFolder(join(folder, ACCEPTED));
  syncFolder(folder);
}
