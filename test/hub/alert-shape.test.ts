import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { groupKey, severityRank } from "../../src/hub/alerts/alert-record.ts";
import { alertBatchSchema } from "../../src/hub/alerts/alert-schema.ts";
import { isPlainBatch } from "../../src/hub/alerts/alert-shape.ts";
import { readPlainAlerts } from "../../src/hub/alerts/alert-text.ts";
import { parseNodeFrame } from "../../src/hub/core/wire-frame.ts";
import { type Alert, SEVERITIES } from "../../src/model/alert.ts";
import { alertOf, EPOCH } from "./loop-fixture.ts";

const words = fc.oneof(fc.string({ maxLength: 12 }), fc.constantFrom("", "é", "\ud800", '"', "\\", "x".repeat(2_001)));
const orNull = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null });

/** Anything a field may turn out to be. */
const odd = fc.oneof(
  ...[
    words,
    fc.double(),
    fc.constantFrom(0, -1, 1.5, 2 ** 53, -0, null, true, "v1.0", "../x", EPOCH, `sha256:${"a".repeat(64)}`),
  ],
  ...[
    fc.constant([]),
    fc.array(words, { maxLength: 70 }),
    fc.constant({}),
    fc.constant({ quantity: "q", value: "1e9", unit: "lx" }),
  ],
  fc.constant({ quantity: "q", value: "1", unit: "lx", more: [[]] }),
  fc.constant({ allow: true, reasons: [], enforcedAllow: false, enforcedReasons: ["x"] }),
);

const good: fc.Arbitrary<Alert> = fc.record({
  ...{ node: fc.constantFrom("LP-1", "lp.2"), epoch: fc.constant(EPOCH), seq: fc.integer({ min: 1, max: 2 ** 40 }) },
  kind: fc.constantFrom("decision-blocked", "when-blocked", "runtime-fault", "release-rejected"),
  ...{ severity: fc.constantFrom(...SEVERITIES), atMs: fc.nat(), contract: orNull(fc.constant("UV-DAILY")) },
  ...{ version: orNull(fc.constant("v1.0")), bundleDigest: orNull(fc.constant(`sha256:${"0".repeat(64)}`)) },
  ...{ condition: orNull(fc.string()), reason: fc.string({ minLength: 1 }), subject: fc.string(), text: fc.string() },
  ...{ testId: orNull(fc.string()), stationId: orNull(fc.string()), stationType: orNull(fc.string()) },
  ...{ assets: fc.array(fc.string()), tell: fc.array(fc.string()), ledgerSeq: orNull(fc.nat()) },
  reading: orNull(fc.constant({ quantity: "uv-intensity", value: "-940.5", unit: "uW/cm2" })),
}) as fc.Arbitrary<Alert>;

/** A good alert with a field replaced, removed or added: mostly wrong, and wrong in one place. */
const spoiled = fc
  .tuple(good, fc.constantFrom(...Object.keys(alertOf()), "shadow", "more"), odd, fc.boolean())
  .map(([alert, field, value, removed]) => {
    const { [field as keyof Alert]: _gone, ...rest } = alert;
    return removed ? rest : { ...rest, [field]: value };
  });

/** How often each of the two lets a batch pass, and where the quick one takes what the schema does not. */
function compare(
  isQuick: (value: unknown) => boolean,
  runs = 3_000,
): { taken: number; refused: number; wrong: unknown[] } {
  const counts = { taken: 0, refused: 0, wrong: [] as unknown[] };
  const batches = fc.record({
    epoch: fc.oneof({ weight: 9, arbitrary: fc.constant(EPOCH) }, odd),
    alerts: fc.oneof({ weight: 9, arbitrary: fc.array(fc.oneof(good, spoiled), { maxLength: 3 }) }, odd),
  });
  for (const batch of fc.sample(batches, { numRuns: runs, seed: 7 })) {
    const passes = alertBatchSchema.safeParse(batch).success;
    if (passes) counts.taken += 1;
    else counts.refused += 1;
    if (isQuick(batch) && !passes) counts.wrong.push(batch);
  }
  return counts;
}

describe("the quick check of alerts", () => {
  test("takes nothing that the schema refuses", () => {
    const { taken, refused, wrong } = compare(isPlainBatch);
    expect(wrong).toEqual([]);
    expect(Math.min(taken, refused)).toBeGreaterThan(300);
  });

  test("planted: one that looks at less is found out", () => {
    const careless = (value: unknown): boolean => {
      const { alerts } = value as { readonly alerts: unknown };
      return (
        Array.isArray(alerts) &&
        alerts.every((alert) => isPlainBatch({ epoch: EPOCH, alerts: [{ ...alert, text: "" }] }))
      );
    };
    expect(compare(careless).wrong.length).toBeGreaterThan(0);
  });

  test("takes what nodes say", () => {
    fc.assert(
      fc.property(fc.array(good, { maxLength: 5 }), (alerts) => {
        expect(isPlainBatch({ epoch: EPOCH, alerts })).toBe(true);
      }),
      { numRuns: 200 },
    );
    const shadow = { allow: true, reasons: [], enforcedAllow: false, enforcedReasons: ["reading.missing:q"] };
    expect(isPlainBatch({ epoch: EPOCH, alerts: [alertOf(), alertOf({ kind: "shadow-decision", shadow })] })).toBe(
      true,
    );
  });
});

/** What the text of alerts should say, counted from what it parses to. */
function countsOf(alerts: readonly Alert[]) {
  const runs = [...Map.groupBy(alerts, groupKey).values()].map((ofRun) => ({
    ...{ key: groupKey(ofRun[0] as Alert), version: ofRun[0]?.version, count: ofRun.length },
    rank: Math.max(...ofRun.map(({ severity }) => severityRank[severity])),
    firstAtMs: Math.min(...ofRun.map(({ atMs }) => atMs)),
    lastAtMs: Math.max(...ofRun.map(({ atMs }) => atMs)),
    firstIndex: alerts.indexOf(ofRun[0] as Alert),
    lastIndex: alerts.indexOf(ofRun.at(-1) as Alert),
  }));
  const [first] = alerts;
  return { node: first?.node, epoch: first?.epoch, firstSeq: first?.seq, count: alerts.length, runs };
}

function countsByText(read: typeof readPlainAlerts, text: string) {
  const found = read(`[${text}`, 1);
  if (found === undefined || found.end !== text.length + 1) return undefined;
  const { text: _text, runs, ...place } = found.plain;
  const counts = runs.map(({ sample, ...run }) => ({
    ...{ key: JSON.stringify([sample.contract, sample.condition, sample.reason, sample.subject, sample.node]) },
    ...{ version: sample.version, ...run },
  }));
  return { ...place, runs: counts };
}

/** Mistakes that are near to what is right. */
const near: fc.Arbitrary<object> = fc.constantFrom(
  ...[{ reason: "" }, { kind: "shadow-decision" }, { version: "../x" }, { version: "v1" }, { contract: "uv" }],
  ...[{ contract: "CON" }, { text: "x".repeat(2_001) }, { atMs: -1 }, { atMs: 1.5 }, { tell: ["x".repeat(65)] }],
  ...[{ reading: { quantity: "q", value: "1e9", unit: "lx" } }, { assets: Array(65).fill("x") }, { severity: "bad" }],
);
const nearlyGood = fc.tuple(good, near).map(([alert, mistake]) => ({ ...alert, ...mistake }));

/** In the order of the type, as nodes write; mostly numbered as they should be, and some of them spoiled in one place. */
const inOrder = fc
  .tuple(
    fc.array(fc.oneof({ weight: 2, arbitrary: good }, spoiled, nearlyGood), { minLength: 1, maxLength: 2 }),
    fc.oneof({ weight: 9, arbitrary: fc.constant(true) }, fc.constant(false)),
  )
  .map(([alerts, numbered]) =>
    alerts.map((alert, index) => ({ ...alertOf(), ...alert, ...(numbered ? { node: "LP-1", seq: 5 + index } : {}) })),
  );

/** How many texts were read, and those that were read as something they are not. */
function compareTexts(read: typeof readPlainAlerts): { taken: number; left: number; wrong: unknown[] } {
  const counts = { taken: 0, left: 0, wrong: [] as unknown[] };
  for (const alerts of fc.sample(inOrder, { numRuns: 6_000, seed: 11 })) {
    const said = countsByText(read, JSON.stringify(alerts));
    if (said === undefined) counts.left += 1;
    else counts.taken += 1;
    if (said === undefined) continue;
    const batch = alertBatchSchema.safeParse({ epoch: EPOCH, alerts });
    const trials = alerts.some(({ kind }) => kind === "shadow-decision");
    const right = batch.success && !trials && JSON.stringify(countsOf(alerts)) === JSON.stringify(said);
    if (!right) counts.wrong.push({ alerts, said });
  }
  return counts;
}

describe("alerts that are read by their text", () => {
  test("are what the schema lets pass, and counted as those that are parsed", () => {
    const { taken, left, wrong } = compareTexts(readPlainAlerts);
    expect(wrong).toEqual([]);
    expect(Math.min(taken, left)).toBeGreaterThan(300);
  });

  test("planted: a reader that misses a wrong word, a trial or a count is found out", () => {
    const blind =
      (change: (frame: string) => string): typeof readPlainAlerts =>
      (frame, start) => {
        const read = readPlainAlerts(change(frame), start);
        return read === undefined ? undefined : { ...read, end: frame.length };
      };
    const planted = [
      blind((frame) => frame.replaceAll(/"reason":""/g, '"reason":"x"')),
      blind((frame) => frame.replaceAll(/"kind":"[^"]*"/g, '"kind":"runtime-fault"')),
      blind((frame) => frame.replaceAll(/"severity":"(info|medium)"/g, '"severity":"high"')),
      blind((frame) => frame.replaceAll(/"version":"\.\.\/x"/g, '"version":"v1.0"')),
      blind((frame) => frame.replaceAll(/"x{2001}"/g, '"x"')),
    ];
    expect(planted.map((read) => compareTexts(read).wrong.length > 0)).toEqual(planted.map(() => true));
  });

  test("are all that nodes say but escapes and trials; a foreign one, a gap and an empty list are left to others", () => {
    const texts = fc
      .string({ unit: "grapheme", minLength: 1, maxLength: 30 })
      .filter((text) => JSON.stringify(text) === `"${text}"`);
    fc.assert(
      fc.property(texts, fc.nat({ max: 98 }), (text, more) => {
        const alerts = Array.from({ length: more + 1 }, (_, index) => alertOf({ seq: 1 + index, subject: text, text }));
        expect(countsByText(readPlainAlerts, JSON.stringify(alerts))).toEqual(countsOf(alerts));
      }),
      { numRuns: 100 },
    );
    for (const alerts of [
      [],
      [alertOf(), alertOf({ seq: 3 })],
      [alertOf(), alertOf({ seq: 2, node: "LP-2" })],
      [alertOf(), alertOf({ seq: 2, epoch: "ffffffffffffffff" })],
      Array.from({ length: 101 }, (_, index) => alertOf({ seq: 1 + index })),
    ])
      expect(countsByText(readPlainAlerts, JSON.stringify(alerts))).toBeUndefined();
  });
});

describe("a frame of alerts is the same by the short way and by the long way", () => {
  const text = JSON.stringify({ v: 1, t: "alert", id: "n1", seq: 1, body: { epoch: EPOCH, alerts: [alertOf()] } });
  /** A space in front leaves the long way only. */
  const byLongWay = (frame: string) => parseNodeFrame(` ${frame}`);
  const byEither = (frame: string) => {
    const parsed = parseNodeFrame(frame);
    if (!parsed.ok || parsed.value.t !== "alert") return parsed;
    const { plain: _plain, ...value } = parsed.value;
    return { ok: true, value };
  };

  test("the short way is taken where a frame is written as nodes write it", () => {
    const parsed = parseNodeFrame(text);
    expect(parsed.ok && parsed.value.t === "alert" && parsed.value.plain?.text).toBe(JSON.stringify([alertOf()]));
    expect(byEither(text)).toEqual(byLongWay(text));
  });

  const twisted: readonly [string, string][] = [
    ["a key that stands twice", text.replace('"seq":1,"kind"', '"seq":9,"seq":1,"kind"')],
    ["a key that stands twice in the envelope", text.replace('"id":"n1"', '"id":"n1","id":"n2"')],
    ["a prototype", text.replace('"node"', '"__proto__":{"x":1},"node"')],
    ["a number of many spellings", text.replace('"seq":1,', '"seq":1.0,')],
    [
      "another order of keys",
      text.replace(`"epoch":"${EPOCH}","alerts"`, '"alerts"').replace("]}}", `],"epoch":"${EPOCH}"}}`),
    ],
    ["a field more", text.replace('"node"', '"colour":"red","node"')],
    ["deep nesting", text.replace('"node"', `"more":${"[".repeat(40)}${"]".repeat(40)},"node"`)],
    ["half a character", text.replace("uv-intensity is", "\\ud83d is")],
    ["an escape that need not be", text.replace("uv-intensity is", "\\u0075v-intensity is")],
    ["a cut end", text.slice(0, -1)],
    ["more behind the end", `${text} {}`],
    ["no frame number", text.replace('"seq":1,"body"', '"seq":0,"body"')],
  ];
  test.each(twisted)("%s", (_name, frame) => {
    expect(frame).not.toBe(text);
    expect(byEither(frame)).toEqual(byLongWay(frame));
  });

  test("any byte changed", () => {
    for (let at = 0; at < text.length; at++) {
      for (const change of ['"', "\\", "0", "}", " "]) {
        const frame = text.slice(0, at) + change + text.slice(at + 1);
        expect(byEither(frame), frame).toEqual(byLongWay(frame));
      }
    }
  });
});
