import { printUtc } from "../base/civil-time.ts";
import { MaintError } from "../base/maint-error.ts";
import type { JsonObject } from "../base/strict-json.ts";
import type { PublicKey } from "../disk/key-file.ts";
import type { LedgerHead } from "../ledger/entry.ts";
import type { Decision, EngineChoice } from "../model/decision.ts";
import type { StationRegister } from "../model/documents.ts";
import type { ContractId, Digest, Version } from "../model/ids.ts";
import type { EvidenceService } from "./evidence-service.ts";
import { parseGateRequest, takePreview } from "./gate-request.ts";
import type { GateService } from "./gate-service.ts";
import type { Caller } from "./local-access.ts";
import { type Answer, answerOf, type Route, refusal } from "./local-api.ts";

/** GET /v1/status. */
export interface AgentStatus {
  readonly node: string;
  readonly engine: EngineChoice;
  readonly hub: { readonly id: string; readonly url: string | null; readonly link: string };
  readonly standing: "none" | "ready" | "rejected";
  readonly rejection: { readonly reason: string; readonly detail: string } | null;
  readonly generation: number | null;
  readonly contracts: readonly {
    readonly contract: ContractId;
    readonly version: Version;
    readonly digest: Digest;
    readonly mode: "enforce" | "shadow";
  }[];
  readonly station: StationRegister["station"] | null;
  /** The key that signs its receipts and reports. */
  readonly key: PublicKey;
  readonly clock: { readonly nowMs: number; readonly source: "wall" | "attested" };
  readonly alerts: { readonly epoch: string; readonly lastSeq: number; readonly ackedSeq: number };
  readonly ledger: LedgerHead;
}

export interface RouteServices {
  readonly gate: GateService;
  readonly evidence: EvidenceService;
  readonly status: () => AgentStatus;
  readonly onFatal: (error: unknown) => void;
}

export function agentRoutes(services: RouteServices): readonly Route[] {
  return [
    { method: "POST", path: "/v1/gate", scope: "gate", handle: (body, caller) => gateRoute(body, caller, services) },
    {
      method: "POST",
      path: "/v1/test/start",
      scope: "gate",
      handle: (body, caller) => startRoute(body, caller, services),
    },
    { method: "POST", path: "/v1/test/end", scope: "gate", handle: (body, caller) => endRoute(body, caller, services) },
    {
      method: "POST",
      path: "/v1/evidence",
      scope: "record",
      handle: (body, caller) => evidenceRoute(body, caller, services),
    },
    {
      method: "GET",
      path: "/v1/health",
      scope: "open",
      handle: () => ({ status: 200, body: { ok: true }, text: "OK" }),
    },
    { method: "GET", path: "/v1/status", scope: "status", handle: () => ({ status: 200, body: services.status() }) },
  ];
}

const operatorOf = (caller: Caller): string | null => (caller.person ? caller.id : null);
const verdictText = ({ allow, reasons }: Decision): string => (allow ? "ALLOW" : `BLOCK ${reasons.join(" ")}`);

async function gateRoute(body: JsonObject, caller: Caller, { gate }: RouteServices): Promise<Answer> {
  const asked = takePreview(body);
  if (!asked.ok) return refusal(400, "MAINT_ERR_REQUEST", asked.error.message, asked.error.help);
  const request = parseGateRequest(asked.value.rest);
  if (!request.ok) return refusal(400, "MAINT_ERR_REQUEST", request.error.message, request.error.help);
  if (asked.value.preview) {
    const decision = await gate.preview(request.value, operatorOf(caller));
    const text = `PREVIEW ${verdictText(decision)}`;
    return { status: 200, body: { ...decision, ledgerSeq: null, preview: true }, text };
  }
  const { decision, ledgerSeq } = await gate.decide(request.value, operatorOf(caller));
  return { status: 200, body: { ...decision, ledgerSeq }, text: verdictText(decision) };
}

async function startRoute(body: JsonObject, caller: Caller, { gate }: RouteServices): Promise<Answer> {
  const request = parseGateRequest(body);
  if (!request.ok) return refusal(400, "MAINT_ERR_REQUEST", request.error.message, request.error.help);
  if (request.value.test === null)
    return refusal(400, "MAINT_ERR_REQUEST", 'a test that starts has an id in "test"', '{"test": "T-1"}');
  const { decision, ledgerSeq, running } = await gate.start(request.value, caller, operatorOf(caller));
  const told = running === null ? null : { test: running.test, startedAt: printUtc(running.startedAtMs) };
  return { status: 200, body: { ...decision, ledgerSeq, running: told }, text: verdictText(decision) };
}

const RESULTS = ["passed", "failed", "aborted"] as const;
const END_FIELDS: readonly string[] = ["test", "result"];

function endRoute(body: JsonObject, caller: Caller, { gate, onFatal }: RouteServices): Answer {
  const stray = [...body.keys()].find((name) => !END_FIELDS.includes(name));
  if (stray !== undefined)
    return refusal(400, "MAINT_ERR_REQUEST", `the end of a test has no field "${stray}"`, "it has test, result");
  const test = body.get("test");
  if (typeof test !== "string") return refusal(400, "MAINT_ERR_REQUEST", '"test" is missing or no text');
  const given = body.get("result") ?? null;
  const result = given === null ? null : RESULTS.find((word) => word === given);
  if (result === undefined) return refusal(400, "MAINT_ERR_REQUEST", `"result" is one of ${RESULTS.join(", ")}`);
  try {
    const { record, run, endedAtMs } = gate.end(test, result, caller);
    const instants = { startedAt: printUtc(run.startedAtMs), endedAt: printUtc(endedAtMs) };
    const ended = { id: record.id, ledgerSeq: record.ledgerSeq, test, result, ...instants };
    return {
      status: 200,
      body: { ...ended, usedAssets: run.assets, closingChecks: run.closingChecks },
      text: `ENDED ${test}`,
    };
  } catch (error) {
    if (error instanceof MaintError && error.code === "MAINT_ERR_CONFLICT")
      return refusal(409, error.code, error.message, error.help);
    onFatal(error);
    return refusal(503, "MAINT_ERR_UNAVAILABLE", "the end could not be written down: tell it again");
  }
}

function evidenceRoute(body: JsonObject, caller: Caller, { evidence, onFatal }: RouteServices): Answer {
  try {
    const recorded = evidence.record(body, caller);
    if (!recorded.ok) return refusal(400, "MAINT_ERR_EVIDENCE", recorded.error.message, recorded.error.help);
    return { status: 200, body: recorded.value, text: `RECORDED ${recorded.value.id}` };
  } catch (error) {
    // A record the ledger cannot hold is the caller's to mend; a disk that failed ends the agent.
    if (error instanceof MaintError && error.code === "MAINT_ERR_LEDGER_RECORD") return answerOf(error);
    onFatal(error);
    return refusal(503, "MAINT_ERR_UNAVAILABLE", "the record could not be written down, so it does not count");
  }
}
