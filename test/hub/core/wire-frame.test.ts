import fc from "fast-check";
import { expect, test } from "vitest";
import { parseNodeFrame } from "../../../src/hub/core/wire-frame.ts";

const frame = (t: string, body: unknown, change: object = {}): string =>
  JSON.stringify({ v: 1, t, id: "n1", seq: 1, body, ...change });
const nonce = "p".repeat(22);

const rows = [
  { what: "a ping", text: frame("ping", { nonce }), says: "ping" },
  { what: "fields of a later minor version", text: frame("ping", { nonce, later: 1 }, { crit: [] }), says: "ping" },
  { what: "nothing", text: "", says: "bad-frame" },
  { what: "a list", text: "[]", says: "bad-frame" },
  { what: "no body", text: JSON.stringify({ v: 1, t: "ping", id: "n1", seq: 1 }), says: "bad-frame" },
  { what: "a seq of zero", text: frame("ping", { nonce }, { seq: 0 }), says: "bad-frame" },
  { what: "a fraction as seq", text: frame("ping", { nonce }, { seq: 1.5 }), says: "bad-frame" },
  { what: "a type of the hub's", text: frame("welcome", {}), says: "unknown-type" },
  { what: "a type every object has", text: frame("constructor", {}), says: "unknown-type" },
  { what: "another major", text: frame("ping", { nonce }, { v: 2 }), says: "unsupported-major" },
  { what: "a digest that is none", text: frame("want", { digests: ["sha256:x"] }), says: "bad-frame" },
  {
    what: "more digests than a frame may ask",
    text: frame("want", { digests: Array(257).fill(`sha256:${"a".repeat(64)}`) }),
    says: "bad-frame",
  },
  { what: "a prototype", text: '{"v":1,"t":"ping","id":"n1","seq":1,"body":{"__proto__":1}}', says: "bad-frame" },
  { what: "a doubled key", text: '{"v":1,"v":1}', says: "bad-frame" },
];
test.each(rows)("$what is $says", ({ text, says }) => {
  const parsed = parseNodeFrame(text);
  expect(parsed.ok ? parsed.value.t : parsed.error.code).toBe(says);
});

/** Written as every node writes them, and as none does. */
const digestOf = (letter: string) => `sha256:${letter.repeat(64)}`;
const wants = [
  frame("want", { digests: [digestOf("a")] }),
  frame("want", { digests: [digestOf("a"), digestOf("b")] }, { id: "n-7_x", seq: 9_007_199_254 }),
  frame("want", { digests: [] }),
  frame("want", { digests: [digestOf("g")] }),
  frame("want", { digests: [digestOf("a")] }, { seq: 0 }),
  frame("want", { digests: [digestOf("a")] }, { id: "" }),
  frame("want", { digests: [digestOf("a")] }, { id: "n\n1" }),
  frame("want", { digests: Array(256).fill(digestOf("a")) }),
  frame("want", { digests: Array(257).fill(digestOf("a")) }),
  frame("want", { digests: [digestOf("a")], later: 1 }),
];
test("the short way and the long way read a want alike", () => {
  // A blank changes nothing of what is said, and fits no short way.
  for (const text of wants) expect(parseNodeFrame(text), text.slice(0, 200)).toEqual(parseNodeFrame(` ${text}`));
});

test("no text makes it throw", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.json(),
        fc.jsonValue().map((body) => frame("report", body)),
      ),
      (text) => {
        parseNodeFrame(text);
      },
    ),
    { numRuns: 2_000 },
  );
});
