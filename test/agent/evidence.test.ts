import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openAgentClock, type TimeSources } from "../../src/agent/agent-clock.ts";
import { openEvidenceStore } from "../../src/agent/evidence-store.ts";
import { openDatabase } from "../../src/disk/sqlite.ts";
import { bench, type Hands } from "./evidence-bench.ts";

const reading = (value: string, more = ""): string =>
  `{"kind":"reading","quantity":"uv-intensity","value":${value},"unit":"uW/cm2"${more}}`;

const decimals = ["999.99999999999999999", "1e3", "0.1", "-5", "1000.000", "123456789012345678901234567890.5"];
test.each(decimals)("a reading of %s stays what was written", (value) => {
  const b = bench();
  b.record(reading(value));
  expect(b.snapshot().readings["uv-intensity"]?.["value"]).toEqual({ $number: value });
  b.record(reading(JSON.stringify(value)));
  expect(b.snapshot().readings["uv-intensity"]?.["value"]).toEqual({ $number: value });
});

test("the latest takenAt wins, whatever the order of recording", () => {
  const b = bench();
  b.record(reading("1500", ',"takenAt":"2026-11-24T14:00:00Z"'));
  b.record(reading("900", ',"takenAt":"2026-11-24T08:30:00-06:00"'));
  b.record(reading("1600", ',"takenAt":"2026-11-24T13:00:00Z"'));
  expect(b.snapshot().readings["uv-intensity"]).toMatchObject({
    value: { $number: "900" },
    takenAt: "2026-11-24T14:30:00.000Z",
  });
});

test("a correction supersedes by id, and the row it corrects stays", () => {
  const b = bench();
  const wrong = b.record(reading("15000"));
  b.record(reading("1500", `,"supersedes":"${wrong.id}","takenAt":"2026-11-24T14:59:00Z"`));
  expect(b.snapshot().readings["uv-intensity"]?.["value"]).toEqual({ $number: "1500" });
  expect(openEvidenceStore(b.db).find(wrong.id)).toMatchObject({ body: { value: "15000" }, by: "STF-1" });
  expect(b.refuse(reading("1", ',"supersedes":"E77"'))).toMatch(/to correct/);
});

test("rows are never changed or deleted", () => {
  const b = bench();
  b.record(reading("1500"));
  expect(() => b.db.exec("UPDATE evidence SET body = '{}'")).toThrow(/never changed/);
  expect(() => b.db.exec("DELETE FROM evidence")).toThrow(/never deleted/);
});

test("a wall clock that jumps shortens no warm-up; a restart of the machine forgets it", () => {
  const b = bench();
  const onSeconds = () => b.snapshot().equipment["Lamp-1"]?.["onSeconds"];
  expect(onSeconds()).toBeUndefined();
  b.record('{"kind":"on-time","asset":"lamp","state":"on"}');
  expect(onSeconds()).toEqual({ $number: "0" });
  b.hands.wallMs += 3_600_000;
  b.hands.bootMs += 60_000;
  expect(onSeconds()).toEqual({ $number: "60" });
  b.record('{"kind":"on-time","asset":"Lamp-1","state":"on","forMinutes":15}');
  expect(onSeconds()).toEqual({ $number: "900" });
  b.hands.bootMs += 999;
  expect(onSeconds()).toEqual({ $number: "900" });
  b.hands.bootId = "boot-2";
  expect(onSeconds()).toBeUndefined();
  b.record('{"kind":"on-time","asset":"lamp","state":"off"}');
  expect(onSeconds()).toEqual({ $number: "0" });
});

test("a person with two roles acknowledges in both", () => {
  const b = bench();
  b.record('{"kind":"acknowledgement","step":"materials checked"}', "QA-1", ["operator", "QA"]);
  expect(b.snapshot().acks).toEqual([
    { step: "materials checked", by: "QA-1", at: "2026-11-24T15:00:00.000Z", role: "operator" },
    { step: "materials checked", by: "QA-1", at: "2026-11-24T15:00:00.000Z", role: "QA" },
  ]);
});

test("calibrations are ordered by their day, earlier ones are history", () => {
  const b = bench();
  const calibration = (day: string, result = "pass") =>
    `{"kind":"calibration","asset":"light-meter","performedOn":"${day}","result":"${result}","certificate":"C-${day}","assetSerial":"M1"}`;
  b.record(calibration("2026-06-01"));
  b.record(calibration("2025-06-01"));
  expect(b.snapshot().equipment["Meter-1"]).toMatchObject({
    serial: "M1",
    status: "in-service",
    calibration: { performedOn: "2026-06-01", certificate: "C-2026-06-01", history: [{ performedOn: "2025-06-01" }] },
  });
  b.record(calibration("2026-06-01", "fail"));
  expect(b.snapshot().equipment["Meter-1"]?.["calibration"]).toMatchObject({ result: "fail" });
  expect(b.refuse(calibration("2026-02-30"))).toMatch(/no date/);
});

test("what the ledger holds and the store lost comes back at the next start", () => {
  const b = bench();
  b.record(reading("1500"));
  b.record(reading("1400", ',"takenAt":"2026-11-24T14:00:00Z"'));
  const folder = mkdtempSync(join(tmpdir(), "evidence-"));
  const empty = openDatabase(join(folder, "evidence.db"));
  b.reopen(empty);
  const recovered = openEvidenceStore(empty).latest("reading", "uv-intensity", 10);
  expect(recovered).toEqual(openEvidenceStore(b.db).latest("reading", "uv-intensity", 10));
  expect(recovered.length).toBe(2);
  empty.close();
  rmSync(folder, { recursive: true });
});

test("attested time is carried by the boot clock and dropped by a restart", () => {
  const hands: Hands = { wallMs: 5_000_000, bootMs: 1_000, bootId: "boot-1" };
  const sources: TimeSources = {
    wallMs: () => hands.wallMs,
    monotonicMs: () => hands.bootMs,
    bootMs: () => hands.bootMs,
    bootId: hands.bootId,
  };
  const clock = openAgentClock(sources, null);
  expect(clock.now()).toMatchObject({ nowMs: 5_000_000, source: "wall" });
  clock.attest({ bootId: "boot-1", bootMs: 1_000, timeMs: 9_000_000 });
  hands.wallMs -= 4_000_000;
  hands.bootMs += 500;
  expect(clock.now()).toMatchObject({ nowMs: 9_000_500, source: "attested" });
  const kept = clock.attestation();
  expect(openAgentClock(sources, kept).now().source).toBe("attested");
  expect(openAgentClock({ ...sources, bootId: "boot-2" }, kept).now().source).toBe("wall");
});

test("a wall clock set ahead shows against the even one", () => {
  const hands: Hands = { wallMs: 5_000_000, bootMs: 1_000, bootId: "boot-1" };
  const sources: TimeSources = {
    wallMs: () => hands.wallMs,
    monotonicMs: () => hands.bootMs,
    bootMs: () => hands.bootMs,
    bootId: "boot-1",
  };
  const clock = openAgentClock(sources, null);
  hands.wallMs += 400_000;
  hands.bootMs += 1_000;
  expect(clock.now()).toMatchObject({ nowMs: 5_400_000, evenMs: 5_001_000 });
});

/** As many as one look takes from a list, and some more. */
const MANY = 210;

test("what was said once holds, however much else is said after it", () => {
  const b = bench();
  let nextSeq = 1_000;
  // In one transaction: what is tested is how much is read, not how it is written.
  const often = (body: string) => {
    const store = openEvidenceStore(b.db);
    const one = store.find(b.record(body).id) ?? expect.fail("not recorded");
    const copies = Array.from({ length: MANY }, (_, count) => ({
      ...one,
      ...{ id: `E${nextSeq + count}`, ledgerSeq: nextSeq + count, takenAtMs: one.takenAtMs + count },
    }));
    store.add(copies);
    nextSeq += MANY;
    b.hands.wallMs += 1_000;
  };
  const lamp = () => b.snapshot().equipment["Lamp-1"];
  b.record('{"kind":"service","asset":"lamp","state":"returned"}');
  b.record('{"kind":"service","asset":"lamp","state":"locked"}');
  often('{"kind":"service","asset":"lamp","state":"used"}');
  expect(lamp()).toMatchObject({
    returnedAt: "2026-11-24T15:00:00.000Z",
    locks: [{ by: "STF-1", at: "2026-11-24T15:00:00.000Z" }],
  });
  b.record('{"kind":"event","asset":"lamp","event":"dropped"}');
  often('{"kind":"event","asset":"lamp","event":"cleaned"}');
  const events = lamp()?.["events"] as readonly { readonly kind: string }[];
  expect(new Set(events.map(({ kind }) => kind))).toEqual(new Set(["dropped", "cleaned"]));
  b.record('{"kind":"check","asset":"lamp","when":"opening","result":"fail"}');
  often('{"kind":"check","asset":"lamp","when":"closing","result":"pass"}');
  expect(lamp()).toMatchObject({ openingCheck: { result: "fail" }, closingCheck: { result: "pass" } });
  b.record('{"kind":"counter","asset":"lamp","counter":"hours","value":"900.00000000000000001"}');
  b.record('{"kind":"counter","asset":"lamp","counter":"hours","value":"900"}');
  b.record('{"kind":"counter","asset":"lamp","counter":"cycles","value":"5000"}');
  often('{"kind":"counter","asset":"lamp","counter":"hours","value":"10"}');
  expect(lamp()).toMatchObject({ hours: { $number: "10" }, hoursHighWater: { $number: "900.00000000000000001" } });
});

test("a counter that was typed wrong and corrected leaves no mark", () => {
  const b = bench();
  const hours = (value: string, more = "") =>
    b.record(`{"kind":"counter","asset":"lamp","counter":"hours","value":"${value}"${more}}`);
  const wrong = hours("9000");
  hours("900", `,"supersedes":"${wrong.id}"`);
  hours("901");
  expect(b.snapshot().equipment["Lamp-1"]).toMatchObject({
    hours: { $number: "901" },
    hoursHighWater: { $number: "900" },
  });
});
