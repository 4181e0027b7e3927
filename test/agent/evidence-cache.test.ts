import { expect, test } from "vitest";
import { rememberAnswers } from "../../src/agent/evidence-cache.ts";
import { openEvidenceStore } from "../../src/agent/evidence-store.ts";
import type { EvidenceRecord } from "../../src/model/evidence.ts";
import { bench } from "./evidence-bench.ts";

const reading = (value: number): string =>
  `{"kind":"reading","quantity":"uv-intensity","value":${value},"unit":"uW/cm2"}`;

test("a remembered answer is the same until something is added, and then the new one", () => {
  const b = bench();
  const store = openEvidenceStore(b.db);
  const asked: string[] = [];
  const counted = rememberAnswers({
    ...store,
    latest: (...question) => {
      asked.push(question.slice(0, 2).join(" "));
      return store.latest(...question);
    },
  });
  const first = b.record(reading(1500));
  const newest = () => counted.latest("reading", "uv-intensity", 1)[0]?.id;
  expect([newest(), newest(), newest()]).toEqual([first.id, first.id, first.id]);
  expect(asked).toEqual(["reading uv-intensity"]);
  const record = store.find(first.id) as EvidenceRecord;
  counted.add([{ ...record, id: "E900", ledgerSeq: 900, takenAtMs: record.takenAtMs + 1 }]);
  expect([newest(), newest()]).toEqual(["E900", "E900"]);
  expect(asked).toHaveLength(2);
});

test("a look back is asked each time, and is not what is remembered for now", () => {
  const b = bench();
  b.record(reading(900));
  b.hands.wallMs += 60_000;
  b.record(reading(1500));
  const store = openEvidenceStore(b.db);
  const then = b.hands.wallMs - 30_000;
  const value = (untilMs?: number) => store.latest("reading", "uv-intensity", 1, untilMs)[0]?.body;
  expect([value(then), value(), value(then)]).toMatchObject([{ value: "900" }, { value: "1500" }, { value: "900" }]);
});

test("an addition that fails leaves no old answer", () => {
  const b = bench();
  const store = openEvidenceStore(b.db);
  const failing = rememberAnswers({
    ...store,
    add: (records) => {
      store.add(records);
      throw new Error("after the write");
    },
  });
  expect(failing.subjects("reading")).toEqual([]);
  const { id } = b.record(reading(1500));
  const record = store.find(id) as EvidenceRecord;
  expect(() => failing.add([record])).toThrow("after the write");
  expect(failing.subjects("reading")).toEqual(["uv-intensity"]);
});
