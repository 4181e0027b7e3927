import type { X509Certificate } from "node:crypto";
import { expect, test } from "vitest";
import { readDcc } from "../../src/import/dcc.ts";
import { dcc, holder, signDocument } from "./laboratory.ts";

/** Small and seeded: the same changes on every machine. */
function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const PIECES = [
  "<",
  ">",
  "/",
  "&",
  "&lt;",
  "&#50;",
  '"',
  " ",
  "<!---->",
  "<![CDATA[2]]>",
  "<?x?>",
  "<dcc:item/>",
  "2",
  "\n",
];

/** One change: a piece put in, a stretch taken out, doubled, or moved. */
function changed(text: string, next: (below: number) => number): string {
  const from = next(text.length);
  const to = Math.min(text.length, from + 1 + next(40));
  const stretch = text.slice(from, to);
  const place = next(text.length);
  switch (next(4)) {
    case 0:
      return text.slice(0, from) + PIECES[next(PIECES.length)] + text.slice(from);
    case 1:
      return text.slice(0, from) + text.slice(to);
    case 2:
      return text.slice(0, to) + stretch + text.slice(to);
    default:
      return text.slice(0, place) + stretch + text.slice(place);
  }
}

/** What changed documents come to, counted; `forged` are those that hold and say something else than what was signed. */
function outcomes(
  text: string,
  anchors: readonly X509Certificate[],
  count: number,
  isTaken: (state: string) => boolean,
) {
  const options = { anchors, nowMs: 0 };
  const original = readDcc(text, options);
  if (!original.ok) throw new Error(original.error);
  const meant = JSON.stringify(original.value.rows);
  const next = seeded(20_261_124);
  const counted = { refused: 0, turnedDown: 0, same: 0, forged: 0 };
  for (let run = 0; run < count; run++) {
    const read = readDcc(changed(text, next), options);
    if (!read.ok) counted.refused += 1;
    else if (!isTaken(read.value.signature.state)) counted.turnedDown += 1;
    else if (JSON.stringify(read.value.rows) === meant) counted.same += 1;
    else counted.forged += 1;
  }
  return counted;
}

test("no change of a signed certificate keeps its signature and says something else", async () => {
  const lab = await holder("Lab A");
  const signed = signDocument(dcc(), { signer: lab });
  const { forged, ...rest } = outcomes(signed, [lab.certificate], 600, (state) => state === "valid");
  expect(forged).toBe(0);
  for (const count of Object.values(rest)) expect(count).toBeGreaterThan(10);
});

test("control: without a signature the same changes do say something else", () => {
  expect(outcomes(dcc(), [], 600, () => true).forged).toBeGreaterThan(10);
});
