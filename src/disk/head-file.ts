import { hash } from "node:crypto";
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { EMPTY_HEAD, type LedgerHead } from "../ledger/entry.ts";
import { syncFolder } from "./atomic-write.ts";

/**
 * Where a ledger stood last, beside the ledger: a cut-off tail or a changed last entry shows against it. It is written after
 * each commit and not fsynced, so a power cut may leave it behind the ledger, never ahead. Two slots are written in turn:
 * a torn write spoils one and leaves the other.
 */
export interface HeadFile {
  readonly write: (head: LedgerHead) => void;
  readonly close: () => void;
}

const SIZE_DIGITS = 15;
const SLOT = /^(\d{15}) (sha256:[0-9a-f]{64}) ([0-9a-f]{16})\n$/;
const SLOT_BYTES = SIZE_DIGITS + 1 + 71 + 1 + 16 + 1;

const check = (body: string): string => hash("sha256", body, "hex").slice(0, 16);

function slotText({ size, hash }: LedgerHead): string {
  const body = `${String(size).padStart(SIZE_DIGITS, "0")} ${hash}`;
  return `${body} ${check(body)}\n`;
}

/** `ledger.db-head` beside `ledger.db`. */
export const headPath = (ledger: string): string => `${ledger}-head`;

/** The latest head the file holds, null where there is no file, undefined where no slot can be read. */
export function readHeadFile(path: string): LedgerHead | null | undefined {
  if (!existsSync(path)) return null;
  return slots(path).reduce<LedgerHead | undefined>(
    (latest, slot) => (slot !== undefined && slot.size >= (latest?.size ?? 0) ? slot : latest),
    undefined,
  );
}

function slots(path: string): readonly (LedgerHead | undefined)[] {
  const text = readFileSync(path, "latin1");
  return [0, SLOT_BYTES].map((offset) => {
    const [, size, hash, sum] = SLOT.exec(text.slice(offset, offset + SLOT_BYTES)) ?? [];
    const readable = size !== undefined && hash !== undefined && sum === check(`${size} ${hash}`);
    return readable ? { size: Number(size), hash } : undefined;
  });
}

/** Opens the file for writing, and makes it, durably, for an empty ledger. */
export function openHeadFile(path: string): HeadFile {
  const isNew = !existsSync(path);
  const [first, second] = isNew ? [] : slots(path);
  // The slot with the older head is written first, so that a readable one is there at every moment.
  let slot = (first?.size ?? -1) > (second?.size ?? -1) ? 1 : 0;
  const fd = openSync(path, isNew ? "wx+" : "r+", 0o644);
  const write = (head: LedgerHead): void => {
    writeSync(fd, slotText(head), slot * SLOT_BYTES, "latin1");
    slot = 1 - slot;
  };
  if (isNew) {
    write(EMPTY_HEAD);
    write(EMPTY_HEAD);
    fsyncSync(fd);
    syncFolder(dirname(path));
  }
  return { write, close: () => closeSync(fd) };
}
