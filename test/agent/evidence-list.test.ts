import { expect, test } from "vitest";
import { evidenceRoutes, type ListedEvidence } from "../../src/agent/evidence-routes.ts";
import { openEvidenceStore } from "../../src/agent/evidence-store.ts";
import type { Caller } from "../../src/agent/local-access.ts";
import { type Bench, bench, vocabulary } from "./evidence-bench.ts";

const reader: Caller = { id: "AUD-1", person: true, roles: ["auditor"], scopes: new Set(["status"]) };

interface Page {
  readonly evidence: readonly ListedEvidence[];
  readonly next: number | null;
}

async function list(b: Bench, query: string): Promise<Page> {
  const [route] = evidenceRoutes({ store: openEvidenceStore(b.db), vocabulary: () => vocabulary });
  const answer = await route?.handle(new Map(), reader, new URLSearchParams(query));
  if (answer?.status !== 200) throw new Error(JSON.stringify(answer?.body));
  return answer.body as Page;
}
const ids = ({ evidence }: Page): readonly string[] => evidence.map(({ id }) => id);

const reading = (value: number, more = ""): string =>
  `{"kind":"reading","quantity":"uv-intensity","value":${value},"unit":"uW/cm2"${more}}`;

/** Five records: E0 reading, E1 what the lamp did, E2 corrects E0, E3 a counter, E4 a reading of an earlier instant. */
function recorded(): Bench {
  const b = bench();
  b.record(reading(15_000));
  b.record('{"kind":"event","asset":"lamp","event":"dropped"}');
  b.record(reading(1_500, ',"supersedes":"E0"'), "QA-1", ["QA"]);
  b.record('{"kind":"counter","asset":"Lamp-1","counter":"hours","value":"7"}');
  b.record(reading(1_400, ',"takenAt":"2026-11-20T10:00:00Z"'));
  return b;
}

test.each([
  ["", ["E4", "E3", "E2", "E1", "E0"]],
  ["kind=reading", ["E4", "E2", "E0"]],
  ["subject=Lamp-1", ["E3", "E1"]],
  ["subject=lamp", ["E3", "E1"]],
  ["subject=lamp&kind=event", ["E1"]],
  ["subject=uv-intensity", ["E4", "E2", "E0"]],
  ["limit=2", ["E4", "E3"]],
  ["limit=2&before=3", ["E2", "E1"]],
  ["kind=reading&before=4&limit=1", ["E2"]],
  ["kind=lot", []],
  ["subject=Nobody", []],
])("what was recorded last comes first: %s", async (query, expected) => {
  expect(ids(await list(recorded(), query))).toEqual(expected);
});

test("a correction shows what it corrects, and that shows what corrects it", async () => {
  const b = recorded();
  b.record(reading(1_501, ',"supersedes":"E0"'));
  const { evidence } = await list(b, "kind=reading");
  const by = (id: string) => evidence.find((record) => record.id === id);
  expect(by("E2")).toMatchObject({
    ...{ by: "QA-1", roles: ["QA"], supersedes: "E0", body: { value: "1500" }, correctedBy: [] },
    corrects: { id: "E0", by: "STF-1", body: { value: "15000" } },
  });
  expect(by("E0")).toMatchObject({ corrects: null, correctedBy: ["E2", "E5"] });
  expect(by("E4")).toMatchObject({ takenAt: "2026-11-20T10:00:00.000Z", recordedAt: "2026-11-24T15:00:00.000Z" });
});

test("pages follow each other without a gap and end", async () => {
  const b = recorded();
  const seen: string[] = [];
  let query = "limit=2";
  for (let page = await list(b, query); ; page = await list(b, query)) {
    seen.push(...ids(page));
    if (page.next === null) break;
    query = `limit=2&before=${page.next}`;
  }
  expect(seen).toEqual(["E4", "E3", "E2", "E1", "E0"]);
});

test.each([
  ["kind=redding", "reading"],
  ["limit=0", "whole number"],
  ["limit=1001", "whole number"],
  ["limit=ten", "whole number"],
  ["before=-1", "ledger sequence number"],
  ["before=E4", "ledger sequence number"],
])("%s is refused", async (query, says) => {
  await expect(list(bench(), query)).rejects.toThrow(says);
});
