import { MaintError } from "../base/maint-error.ts";
import type { JsonObject } from "../base/strict-json.ts";
import type { PublicKey } from "../disk/key-file.ts";
import type { LedgerHead } from "../ledger/entry.ts";
import type { EngineChoice } from "../model/decision.ts";
import type { StationRegister } from "../model/documents.ts";
import type { ContractId, Digest, Version } from "../model/ids.ts";
import type { EvidenceService } from "./evidence-service.ts";
import { parseGateRequest } from "./gate-request.ts";
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
      path: "/v1/evidence",
      scope: "record",
      handle: (body, caller) => evidenceRoute(body, caller, services),
    },
    { method: "GET", path: "/v1/status", scope: "status", handle: () => ({ status: 200, body: services.status() }) },
  ];
}

async function gateRoute(body: JsonObject, caller: Caller, { gate }: RouteServices): Promise<Answer> {
  const request = parseGateRequest(body);
  if (!request.ok) return refusal(400, "MAINT_ERR_REQUEST", request.error.message, request.error.help);
  const { decision, ledgerSeq } = await gate.decide(request.value, caller.person ? caller.id : null);
  const text = decision.allow ? "ALLOW" : `BLOCK ${decision.reasons.join(" ")}`;
  return { status: 200, body: { ...decision, ledgerSeq }, text };
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
