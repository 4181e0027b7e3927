import { afterAll, beforeAll, expect, test } from "vitest";
import { approverKey, countersigned, storeRelease } from "../../src/cli/store-release.ts";
import {
  NO_SIGNATURES,
  type VersionSignatures,
  versionSignatures,
} from "../../src/hub/contracts/version-signatures.ts";
import type { Principal } from "../../src/hub/ports.ts";
import { contractText, type HubBench, hubBench } from "./hub-fixture.ts";

/** Who answers for a version is read from the ledger alone: nothing else says when each of them did, and why. */

const QA: Principal = { id: "QA-1", roles: ["approver"] };
const ADMIN: Principal = { id: "admin", roles: ["author", "approver"] };
let bench: HubBench;
beforeAll(async () => {
  bench = await hubBench();
});
afterAll(() => bench.close());

async function stored(limit: number, more: { readonly reason?: string; readonly hold?: boolean } = {}): Promise<void> {
  const hub = bench.admin();
  await hub.post("/v1/contracts", { text: contractText("UV-A", limit), domain: "penetrant" });
  await hub.post("/v1/contracts/UV-A/validate", {});
  await storeRelease({ hub, contract: "UV-A", keys: bench.keys, ...more });
}

async function approved(reason: string): Promise<void> {
  const { staging } = bench.hub().services;
  const { submission } = await staging.waiting("UV-A");
  await staging.approve("UV-A", { targets: countersigned(submission, approverKey(bench.keys)), reason }, QA);
}

const told = ({ author, second, publisher }: VersionSignatures): readonly string[] =>
  [author, second, publisher].map((one) => (one === null ? "–" : `${one.by}: ${one.reason ?? "no reason"}`));

test("author, second signer and publisher, each with when, why and the entry that says so", async () => {
  await stored(1000, { reason: "the first" });
  await stored(1100);
  await stored(900, { reason: "new lamps" });
  await bench.hub().services.staging.withdraw("UV-A", "not measured yet", ADMIN);
  await storeRelease({ hub: bench.admin(), contract: "UV-A", keys: bench.keys, reason: "new lamps, measured" });
  await approved("measured with the new lamps");
  await stored(800, { hold: true });
  await approved("as agreed");
  await bench.hub().services.staging.publish("UV-A", "with the late shift", ADMIN);
  await stored(700, { reason: "waits" });

  const versions = ["v1.0", "v1.1", "v1.2", "v1.3", "v1.4", "v9.0"].map((version) => `UV-A@${version}`);
  const found = await versionSignatures(bench.hub().services.ledger, new Set(versions));
  expect(versions.map((version) => told(found.get(version) ?? NO_SIGNATURES))).toEqual([
    ["admin: the first", "–", "admin: the first"],
    ["admin: no reason", "–", "admin: no reason"],
    ["admin: new lamps, measured", "QA-1: measured with the new lamps", "QA-1: measured with the new lamps"],
    ["admin: no reason", "QA-1: as agreed", "admin: with the late shift"],
    ["admin: waits", "–", "–"],
    ["–", "–", "–"],
  ]);
  const second = found.get("UV-A@v1.2")?.second;
  const [entry] = bench.hub().services.ledger.list({ from: second?.seq, limit: 1 });
  expect(entry).toMatchObject({ seq: second?.seq, time: second?.at, action: "approved", user_id: "QA-1" });
});

test("a version that a hub found at its start has no author on record", async () => {
  const entry = {
    ...({ seq: 4, time: "2026-11-24T12:00:00.000Z", timeSource: "wall", action_type: "contract_storage" } as const),
    ...{ action: "stored", target: "UV-B@v1.0", details: "", user_id: "hub", smart_id: "UV-B", metadata: {} },
    previous_hash: "",
  };
  const page = () => ({ entries: [entry], size: 5, next: null });
  const found = await versionSignatures({ page }, new Set(["UV-B@v1.0"]));
  expect(told(found.get("UV-B@v1.0") ?? NO_SIGNATURES)).toEqual(["–", "–", "hub: no reason"]);
});

test("a long ledger is walked page by page", async () => {
  const asked: unknown[] = [];
  const page = ({
    actionType,
    from = 0,
  }: {
    readonly actionType?: string | undefined;
    readonly from?: number | undefined;
  } = {}) => {
    asked.push(`${actionType} ${from}`);
    return { entries: [], size: 120_000, next: from < 100_000 ? from + 50_000 : null };
  };
  await versionSignatures({ page }, new Set(["UV-A@v1.0"]));
  expect(asked).toEqual(
    ["contract_approval", "contract_storage"].flatMap((type) => [0, 50_000, 100_000].map((from) => `${type} ${from}`)),
  );
});
