import { expect, test } from "vitest";
import { snapshotFromValues } from "../../src/model/snapshot-parse.ts";
import { bench } from "./evidence-bench.ts";

const CALIBRATION =
  '{"kind":"calibration","asset":"light-meter","performedOn":"2025-11-01","result":"pass","certificate":"C-1","assetSerial":"M1"}';
const override = (more = ""): string =>
  `{"kind":"override","rule":"calibration.overdue","subject":"Meter-1","reason":"spare is on its way","expiresAt":"2026-11-24T20:00:00Z"${more}}`;
const approve = (id: string): string => `{"kind":"approval","of":"${id}"}`;

test("AB-27: an override carries the signatures of those who signed it with their own token, and nobody else's", () => {
  const b = bench();
  const { id } = b.record(override(), "STF-1");
  expect(b.snapshot().overrides).toEqual([
    {
      ...{ id, rule: "calibration.overdue", subject: "Meter-1", reason: "spare is on its way" },
      ...{ expiresAt: "2026-11-24T20:00:00Z", grantedAt: "2026-11-24T15:00:00.000Z", approvals: [] },
    },
  ]);
  b.hands.wallMs += 60_000;
  b.record(approve(id), "QA-1", ["QA", "supervisor"]);
  expect(b.snapshot().overrides).toMatchObject([
    {
      grantedAt: "2026-11-24T15:01:00.000Z",
      approvals: [
        { by: "QA-1", role: "QA" },
        { by: "QA-1", role: "supervisor" },
      ],
    },
  ]);
  expect(snapshotFromValues(b.snapshot()).overrides[0]?.approvals).toHaveLength(2);
});

test("nobody signs twice, and nobody signs what is not there", () => {
  const b = bench();
  const { id } = b.record(override());
  const reading = b.record('{"kind":"acknowledgement","step":"materials checked"}');
  b.record(approve(id), "QA-1", ["QA"]);
  expect(b.refuse(approve(id), "QA-1")).toContain("has approved");
  expect(b.refuse(approve("E99"))).toContain("no override and no extension");
  expect(b.refuse(approve(reading.id))).toContain("no override and no extension");
  expect(b.refuse(`{"kind":"approval","of":"${id}","by":"QA-2"}`)).toContain("comes from the token");
});

test("a signature is never corrected, and none is put under what counts no more", () => {
  const b = bench();
  const { id } = b.record(override());
  const signed = b.record(approve(id), "QA-1", ["QA"]);
  expect(b.refuse(`{"kind":"approval","of":"${id}","supersedes":"${signed.id}"}`, "SUP-1")).toContain(
    "never corrected",
  );
  const newer = b.record(override(`,"supersedes":"${id}"`));
  expect(b.refuse(approve(id), "SUP-1")).toContain(`${newer.id} corrects it`);
});

test("signatures do not pass to a correction", () => {
  const b = bench();
  const { id } = b.record(override());
  b.record(approve(id), "QA-1", ["QA"]);
  b.record(override(`,"supersedes":"${id}"`));
  expect(b.snapshot().overrides).toMatchObject([{ approvals: [] }]);
});

test.each([
  ['"rule":"calibration.overdue"', '"rule":"calibration.overdu"', "unknown rule"],
  ['"rule":"calibration.overdue"', '"rule":"equipment.locked-out"', "nobody may override"],
  ['"2026-11-24T20:00:00Z"', '"2026-11-24T14:00:00Z"', "no instant ahead"],
  ['"2026-11-24T20:00:00Z"', '"2026-11-24 20:00"', "no instant ahead"],
  ['"spare is on its way"', '""', "missing or no text"],
])("an override with %s as %s is refused", (from, to, message) => {
  expect(bench().refuse(override().replace(from, to))).toContain(message);
});

test("an override that is long over is no longer shown; a fresh one is", () => {
  const b = bench();
  b.record(override());
  b.hands.wallMs = Date.parse("2026-11-25T19:59:59Z");
  expect(b.snapshot().overrides).toHaveLength(1);
  b.hands.wallMs = Date.parse("2026-11-25T20:00:01Z");
  expect(b.snapshot().overrides).toEqual([]);
});

test("an extension is granted by its last signature, and ends with the next certificate", () => {
  const b = bench();
  b.record(CALIBRATION);
  const { id } = b.record('{"kind":"extension","asset":"light-meter","until":"2026-12-10","reason":"lab is closed"}');
  b.hands.wallMs += 86_400_000;
  b.record(approve(id), "QA-1", ["QA"]);
  expect(b.snapshot().equipment["Meter-1"]?.["extension"]).toEqual({
    ...{ until: "2026-12-10", grantedAt: "2026-11-25T15:00:00.000Z", approvals: [{ by: "QA-1", role: "QA" }] },
  });
  b.record(CALIBRATION.replace("2025-11-01", "2026-11-25").replace("C-1", "C-2"));
  expect(b.snapshot().equipment["Meter-1"]?.["extension"]).toBeUndefined();
});

test("an extension that nobody signed does not take the place of a signed one", () => {
  const b = bench();
  b.record(CALIBRATION);
  const extension = (until: string) => `{"kind":"extension","asset":"light-meter","until":"${until}","reason":"late"}`;
  const shown = () => b.snapshot().equipment["Meter-1"]?.["extension"];
  const first = b.record(extension("2026-12-10"));
  b.record(approve(first.id), "QA-1", ["QA"]);
  b.hands.wallMs += 60_000;
  const second = b.record(extension("2026-12-31"));
  expect(shown()).toMatchObject({ until: "2026-12-10", approvals: [{ by: "QA-1" }] });
  b.record(approve(second.id), "QA-1", ["QA"]);
  expect(shown()).toMatchObject({ until: "2026-12-31", approvals: [{ by: "QA-1" }] });
});

test("a certificate that was taken back stays so, from its instant on; the next one is not touched", () => {
  const b = bench();
  b.record(CALIBRATION);
  const revoke = (at: string) =>
    `{"kind":"revocation","asset":"light-meter","certificate":"C-1","reason":"lab error","takenAt":"${at}"}`;
  b.record(revoke("2026-11-24T12:00:00Z"));
  b.record(revoke("2026-11-24T13:00:00Z"));
  const revokedAt = () =>
    (b.snapshot().equipment["Meter-1"]?.["calibration"] as { revokedAt?: string } | undefined)?.revokedAt;
  expect(revokedAt()).toBe("2026-11-24T12:00:00.000Z");
  b.record(CALIBRATION.replace("2025-11-01", "2026-11-02").replace("C-1", "C-2"));
  expect(revokedAt()).toBeUndefined();
});

test("a certificate that nobody recorded cannot be taken back or settled by mistake", () => {
  const b = bench();
  b.record(CALIBRATION);
  for (const rest of ['"kind":"revocation","reason":"lab error"', '"kind":"impact-closed","disposition":"none"'])
    expect(b.refuse(`{${rest},"asset":"light-meter","certificate":"C-l"}`)).toContain('with the certificate "C-l"');
  expect(b.refuse('{"kind":"revocation","reason":"x","asset":"lamp","certificate":"C-1"}')).toContain(
    "no calibration of",
  );
});

test("as found, as left, ranges, signature and the closing of an impact reach the gate", () => {
  const b = bench();
  b.record(
    CALIBRATION.replace(
      '"result":"pass"',
      '"result":"pass","asFound":"out-of-tolerance","asLeft":"in-tolerance","signature":"valid","ranges":[["0","20000.5","uW/cm2"],[0,100,"fc"]]',
    ),
  );
  const item = () => snapshotFromValues(b.snapshot()).equipment.get("Meter-1");
  expect(item()?.calibration).toMatchObject({ asFound: "out-of-tolerance", signature: "valid", impactClosed: false });
  expect(item()?.ranges).toEqual([
    { low: { n: 0n, d: 1n }, high: { n: 40001n, d: 2n }, unit: "uW/cm2" },
    { low: { n: 0n, d: 1n }, high: { n: 100n, d: 1n }, unit: "fc" },
  ]);
  b.record('{"kind":"impact-closed","asset":"light-meter","certificate":"C-1","disposition":"12 parts tested again"}');
  expect(item()?.calibration?.impactClosed).toEqual({ at: Date.parse("2026-11-24T15:00:00Z") });
  for (const ranges of ['[["5","1","fc"]]', '[["0","1","furlong"]]', "[[0,1]]", "7", '[["x","1","fc"]]', "[]"])
    expect(b.refuse(CALIBRATION.replace("}", `,"ranges":${ranges}}`))).toContain('"ranges" is no list');
});

test("a counter may not fall below the highest it ever showed", () => {
  const b = bench();
  const hours = (value: number) => `{"kind":"counter","asset":"lamp","counter":"hours","value":"${value}"}`;
  for (const value of [100, 350, 340]) {
    b.record(hours(value));
    b.hands.wallMs += 1_000;
  }
  expect(b.snapshot().equipment["Lamp-1"]).toMatchObject({
    hours: { $number: "340" },
    hoursHighWater: { $number: "350" },
  });
  b.record(hours(345));
  expect(b.snapshot().equipment["Lamp-1"]?.["hoursHighWater"]).toEqual({ $number: "350" });
});

test("a look back sees what was so by then, and corrections of it", () => {
  const b = bench();
  const reading = (value: number, at: string, more = "") =>
    `{"kind":"reading","quantity":"uv-intensity","value":${value},"unit":"uW/cm2","takenAt":"${at}"${more}}`;
  const first = b.record(reading(900, "2026-11-24T12:00:00Z"));
  b.record(reading(1500, "2026-11-24T14:00:00Z"));
  const at = (instant: string) => b.snapshot("T-1", Date.parse(instant)).readings["uv-intensity"]?.["value"];
  expect(at("2026-11-24T13:00:00Z")).toEqual({ $number: "900" });
  expect(at("2026-11-24T11:00:00Z")).toBeUndefined();
  b.record(reading(1100, "2026-11-24T12:00:00Z", `,"supersedes":"${first.id}"`));
  expect(at("2026-11-24T13:00:00Z")).toEqual({ $number: "1100" });
});
