import { printUtc } from "../base/civil-time.ts";
import { MaintError } from "../base/maint-error.ts";
import type { JsonObject } from "../base/strict-json.ts";
import type { PublicKey } from "../disk/key-file.ts";
import type { LedgerHead } from "../ledger/entry.ts";
import type { Decision, EngineChoice } from "../model/decision.ts";
import type { StationRegister } from "../model/documents.ts";
import type { TestRunResult } from "../model/evidence.ts";
import type { ContractId, Digest, Version } from "../model/ids.ts";
import {
  bodySchema,
  countSchema,
  flagSchema,
  type JsonSchema,
  objectSchema,
  orNull,
  refTo,
  textSchema,
  wordSchema,
} from "../model/json-schema.ts";
import type { DescribedRoute, RouteDoc } from "./described-route.ts";
import { amountSchema, EVIDENCE_BODIES } from "./evidence-forms.ts";
import type { EvidenceService, Recorded } from "./evidence-service.ts";
import { MAX_REQUEST_TEXT, PLANNED_FIELDS, parseGateRequest, takePreview } from "./gate-request.ts";
import type { GateService } from "./gate-service.ts";
import type { Caller } from "./local-access.ts";
import { type Answer, answerOf, refusal } from "./local-api.ts";

/** GET /v1/status. */
export interface AgentStatus {
  readonly node: string;
  readonly engine: EngineChoice;
  readonly hub: {
    readonly id: string;
    readonly url: string | null;
    readonly link: string;
    /** Why the hub gives this node nothing, for a person; null where it does. */
    readonly says: string | null;
  };
  readonly standing: "none" | "ready" | "rejected";
  readonly rejection: { readonly reason: string; readonly detail: string } | null;
  readonly generation: number | null;
  /** Until when the hub vouches for it, epoch milliseconds; what is in force stays so afterwards. Null: nothing is. */
  readonly freshUntilMs: number | null;
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

/** What the end of a test answers. */
export interface EndedTest {
  readonly id: string;
  readonly ledgerSeq: number;
  readonly test: string;
  readonly result: TestRunResult | null;
  readonly startedAt: string;
  readonly endedAt: string;
  readonly usedAssets: readonly string[];
  readonly closingChecks: readonly string[];
}

export interface RouteServices {
  readonly gate: GateService;
  readonly evidence: EvidenceService;
  readonly status: () => AgentStatus;
  readonly onFatal: (error: unknown) => void;
}

const RESULTS: readonly TestRunResult[] = ["passed", "failed", "aborted"];

const name = (description: string): JsonSchema =>
  orNull(textSchema(description, { minLength: 1, maxLength: MAX_REQUEST_TEXT }));
const planned: JsonSchema = {
  ...bodySchema({}, Object.fromEntries(PLANNED_FIELDS.map((field) => [field, amountSchema]))),
  description: "use planned for the whole test",
};
const test = "id of the test about to start";
const otherFields = {
  kind: name("kind of test, as contracts name it"),
  order: name("client order"),
  part: name("part under test, for the record"),
  planned,
};
const VERDICT = "^(ALLOW|BLOCK .+)\\n$";

const docs = {
  gate: {
    ...{ id: "gate", summary: "May this test start?" },
    body: bodySchema(
      {},
      { test: name(test), ...otherFields, preview: flagSchema("say what it would be, write nothing") },
    ),
    answer: refTo("GateAnswer"),
    text: `^(PREVIEW )?${VERDICT.slice(1)}`,
  },
  start: {
    ...{ id: "startTest", summary: "May this test start? Where it may, it runs until its end is told" },
    body: bodySchema({ test: textSchema(test, { minLength: 1, maxLength: MAX_REQUEST_TEXT }) }, otherFields),
    ...{ answer: refTo("StartAnswer"), text: VERDICT },
  },
  end: {
    ...{ id: "endTest", summary: "A running test has ended" },
    body: bodySchema({ test: textSchema() }, { result: orNull(wordSchema(RESULTS)) }),
    ...{ answer: refTo("EndedTest"), text: "^ENDED .+\\n$" },
  },
  record: {
    ...{ id: "record", summary: "What a person saw or did; who it was comes from the token" },
    body: { oneOf: EVIDENCE_BODIES },
    answer: objectSchema<Recorded>({ id: textSchema(), ledgerSeq: countSchema() }),
    text: "^RECORDED E[0-9]+\\n$",
  },
  health: {
    ...{ id: "health", summary: "Is the agent there? Asks for no token" },
    ...{ answer: objectSchema<{ ok: boolean }>({ ok: { const: true } }), text: "^OK\\n$" },
  },
  status: {
    id: "status",
    summary: "What the node decides by, and how it is linked to its hub",
    answer: refTo("Status"),
  },
} as const satisfies { readonly [name: string]: RouteDoc };

export function agentRoutes(services: RouteServices): readonly DescribedRoute[] {
  const { status } = services;
  return [
    {
      ...{ method: "POST", path: "/v1/gate", scope: "gate", doc: docs.gate },
      handle: (body, caller) => gateRoute(body, caller, services),
    },
    {
      ...{ method: "POST", path: "/v1/test/start", scope: "gate", doc: docs.start },
      handle: (body, caller) => startRoute(body, caller, services),
    },
    {
      ...{ method: "POST", path: "/v1/test/end", scope: "gate", doc: docs.end },
      handle: (body, caller) => endRoute(body, caller, services),
    },
    {
      ...{ method: "POST", path: "/v1/evidence", scope: "record", doc: docs.record },
      handle: (body, caller) => evidenceRoute(body, caller, services),
    },
    {
      ...{ method: "GET", path: "/v1/health", scope: "open", doc: docs.health },
      handle: () => ({ status: 200, body: { ok: true }, text: "OK" }),
    },
    {
      ...{ method: "GET", path: "/v1/status", scope: "status", doc: docs.status },
      handle: () => ({ status: 200, body: status() }),
    },
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
  try {
    const { decision, ledgerSeq, running } = await gate.start(request.value, caller, operatorOf(caller));
    const told = running === null ? null : { test: running.test, startedAt: printUtc(running.startedAtMs) };
    return { status: 200, body: { ...decision, ledgerSeq, running: told }, text: verdictText(decision) };
  } catch (error) {
    if (isConflict(error)) return refusal(409, error.code, error.message, error.help);
    throw error;
  }
}

const isConflict = (error: unknown): error is MaintError =>
  error instanceof MaintError && error.code === "MAINT_ERR_CONFLICT";

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
    const ended: EndedTest = {
      ...{ id: record.id, ledgerSeq: record.ledgerSeq, test, result },
      ...{ startedAt: printUtc(run.startedAtMs), endedAt: printUtc(endedAtMs) },
      ...{ usedAssets: run.assets, closingChecks: run.closingChecks },
    };
    return { status: 200, body: ended, text: `ENDED ${test}` };
  } catch (error) {
    if (isConflict(error)) return refusal(409, error.code, error.message, error.help);
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
