import { gzipSync } from "node:zlib";
import { LOG_PART_CHARS } from "../model/limits.ts";
import type { LogPart } from "../model/message.ts";

const LINE_FEED = Buffer.from("\n");

/** Ledger entries as the parts of one batch, the checkpoint with the last; none where there is nothing to send. */
export function logParts(
  from: number,
  entries: readonly Uint8Array[],
  checkpoint: string | null = null,
): readonly LogPart[] {
  if (entries.length === 0) return [];
  const lines = entries.flatMap((bytes, index) => (index === 0 ? [bytes] : [LINE_FEED, bytes]));
  const base64 = gzipSync(Buffer.concat(lines)).toString("base64");
  const parts = Math.ceil(base64.length / LOG_PART_CHARS);
  return Array.from({ length: parts }, (_, part) => ({
    ...{ from, part, parts },
    data: base64.slice(part * LOG_PART_CHARS, (part + 1) * LOG_PART_CHARS),
    ...(checkpoint === null || part < parts - 1 ? {} : { checkpoint }),
  }));
}
