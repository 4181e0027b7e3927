import { gunzipSync } from "node:zlib";
import { fail, ok, type Result } from "../../base/result.ts";
import { MAX_LOG_ASSEMBLING_BYTES, MAX_LOG_BATCH_BYTES } from "../../model/limits.ts";
import type { LogPart } from "../../model/message.ts";
import type { LogBatch } from "./archive-file.ts";

/** What a part came to: `more` waits for the rest of its batch. */
export type Assembled =
  | { readonly kind: "more" }
  | { readonly kind: "whole"; readonly batch: LogBatch }
  /** All nodes together hold more than the hub keeps: this batch is forgotten and comes again. */
  | { readonly kind: "busy" };

/** Puts parts of batches together, a batch of each node at a time, within MAX_LOG_ASSEMBLING_BYTES over all of them. */
export interface LogAssembly {
  /** `publicHex` is of the key that the node came with. An error is a sentence for the node: what it sends is no batch. */
  readonly take: (node: string, part: LogPart, publicHex: string) => Result<Assembled, string>;
  /** Its session ended: what it began is forgotten. */
  readonly forget: (node: string) => void;
}

interface Begun {
  readonly from: number;
  readonly parts: number;
  readonly data: string[];
  chars: number;
}

export function createLogAssembly(maxBytes = MAX_LOG_ASSEMBLING_BYTES): LogAssembly {
  const begun = new Map<string, Begun>();
  let held = 0;
  const forget = (node: string): void => {
    held -= begun.get(node)?.chars ?? 0;
    begun.delete(node);
  };
  return {
    forget,
    take: (node, { from, part, parts, data, checkpoint: note }, publicHex) => {
      // A batch that begins anew takes the place of one that was cut off.
      if (part === 0) forget(node);
      const known = begun.get(node) ?? { from, parts, data: [], chars: 0 };
      if (known.from !== from || known.parts !== parts || known.data.length !== part) {
        // Parts behind one that was not taken: the node has been told to send the batch again.
        if (part > 0 && !begun.has(node)) return ok({ kind: "more" });
        forget(node);
        return fail(`part ${part} of ${parts} does not follow`);
      }
      if (note !== undefined && part !== parts - 1) {
        forget(node);
        return fail("a checkpoint comes with the last part");
      }
      if (held + data.length > maxBytes) {
        forget(node);
        return ok({ kind: "busy" });
      }
      known.data.push(data);
      known.chars += data.length;
      held += data.length;
      begun.set(node, known);
      if (known.data.length < parts) return ok({ kind: "more" });
      forget(node);
      const entries = linesOf(known.data.join(""));
      const checkpoint = note === undefined ? undefined : { note, publicHex };
      return entries.ok ? ok({ kind: "whole", batch: { node, from, entries: entries.value, checkpoint } }) : entries;
    },
  };
}

const LINE_FEED = 10;

function linesOf(base64: string): Result<readonly Uint8Array[], string> {
  let bytes: Buffer;
  try {
    bytes = gunzipSync(Buffer.from(base64, "base64"), { maxOutputLength: MAX_LOG_BATCH_BYTES });
  } catch (error) {
    return fail(`the batch does not unpack: ${error instanceof Error ? error.message : String(error)}`);
  }
  const lines: Uint8Array[] = [];
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf(LINE_FEED, start);
    const stop = end === -1 ? bytes.length : end;
    lines.push(new Uint8Array(bytes.subarray(start, stop)));
    start = stop + 1;
  }
  return ok(lines);
}
