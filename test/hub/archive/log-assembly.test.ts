import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { logParts } from "../../../src/agent/log-parts.ts";
import { createLogAssembly } from "../../../src/hub/archive/log-assembly.ts";
import { LOG_PART_CHARS, MAX_LOG_BATCH_BYTES } from "../../../src/model/limits.ts";
import type { LogPart } from "../../../src/model/message.ts";

/** Text that gzip makes little smaller, so that a batch has many parts. */
function noise(seed: number, bytes: number): Uint8Array {
  let text = "";
  for (let round = 0; text.length < bytes; round++)
    text += createHash("sha256").update(`${seed} ${round}`).digest("base64");
  return new TextEncoder().encode(text.slice(0, bytes));
}
const KEY = "ab".repeat(32);
const entries = [noise(1, 60_000), noise(2, 10), noise(3, 90_000)];

test("parts that come in their order are the entries' own bytes again", () => {
  const parts = logParts(7, entries);
  expect(parts.length).toBeGreaterThan(2);
  expect(parts.every(({ data }) => data.length <= LOG_PART_CHARS)).toBe(true);
  const assembly = createLogAssembly();
  const taken = parts.map((part) => assembly.take("LP-01", part, KEY));
  expect(taken.slice(0, -1).every((one) => one.ok && one.value.kind === "more")).toBe(true);
  expect(taken.at(-1)).toEqual({ ok: true, value: { kind: "whole", batch: { node: "LP-01", from: 7, entries } } });
});

test("a checkpoint comes with the last part, and is taken with the key that the node came with", () => {
  const parts = logParts(7, entries, "the note");
  expect(parts.map(({ checkpoint }) => checkpoint ?? null)).toEqual([...parts.slice(1).map(() => null), "the note"]);
  const assembly = createLogAssembly();
  const taken = parts.map((part) => assembly.take("LP-01", part, KEY)).at(-1);
  expect(taken).toMatchObject({
    value: { kind: "whole", batch: { checkpoint: { note: "the note", publicHex: KEY } } },
  });
});

test("a batch that was cut off is forgotten, and two nodes do not meet", () => {
  const [first, second] = [logParts(0, entries), logParts(0, entries)];
  const assembly = createLogAssembly();
  assembly.take("LP-01", first[0] as LogPart, KEY);
  for (const part of second) assembly.take("LP-02", part, KEY);
  assembly.forget("LP-01");
  const again = first.map((part) => assembly.take("LP-01", part, KEY));
  expect(again.at(-1)).toMatchObject({ ok: true, value: { kind: "whole" } });
});

test("beyond what the hub holds for all of them a batch is asked for later, and nothing leaks", () => {
  const parts = logParts(0, entries);
  const assembly = createLogAssembly(LOG_PART_CHARS + 10);
  for (let round = 0; round < 3; round++) {
    expect(assembly.take("LP-01", parts[0] as LogPart, KEY)).toMatchObject({ value: { kind: "more" } });
    expect(assembly.take("LP-02", parts[0] as LogPart, KEY)).toMatchObject({ value: { kind: "busy" } });
    // What follows one that was not taken is no mistake of the node.
    expect(assembly.take("LP-02", parts[1] as LogPart, KEY)).toMatchObject({ ok: true, value: { kind: "more" } });
    assembly.forget("LP-01");
  }
});

const bad: readonly { readonly what: string; readonly parts: readonly LogPart[]; readonly why: RegExp }[] = [
  {
    what: "a part that was left out",
    parts: [
      { from: 0, part: 0, parts: 3, data: "" },
      { from: 0, part: 2, parts: 3, data: "" },
    ],
    why: /does not follow/,
  },
  {
    what: "another batch in the middle",
    parts: [
      { from: 0, part: 0, parts: 2, data: "" },
      { from: 9, part: 1, parts: 2, data: "" },
    ],
    why: /does not follow/,
  },
  {
    what: "a checkpoint in the middle",
    parts: [{ from: 0, part: 0, parts: 2, data: "", checkpoint: "a note" }],
    why: /comes with the last part/,
  },
  { what: "what is no gzip", parts: [{ from: 0, part: 0, parts: 1, data: "AAAA" }], why: /does not unpack/ },
  {
    what: "a bomb",
    parts: [{ from: 0, part: 0, parts: 1, data: gzipSync(Buffer.alloc(MAX_LOG_BATCH_BYTES + 1)).toString("base64") }],
    why: /does not unpack/,
  },
];
test.each(bad)("$what is refused", ({ parts, why }) => {
  const assembly = createLogAssembly();
  const last = parts.map((part) => assembly.take("LP-01", part, KEY)).at(-1);
  expect(last).toMatchObject({ ok: false, error: expect.stringMatching(why) });
});
