import { readFileSync, writeFileSync } from "node:fs";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import { afterAll, beforeAll, expect, test } from "vitest";
import { evidenceForms } from "../../src/agent/evidence-forms.ts";
import type { Agent } from "../../src/agent/index.ts";
import { parseDate, parseInstant } from "../../src/base/civil-time.ts";
import type { RecordedKind } from "../../src/model/evidence.ts";
import { admin, ask, auditor, bundleOf, inForce, openWorld, operator, qa } from "./agent-world.ts";

const contract = `contract UV-DAILY "UV each day" {
  for every penetrant station

  lamp         is a uv-a-lamp, by default "Lamp-1"
  dye          is a material, by default "Dye-1"
  uv-intensity is measured in uW/cm2

  before every test {
    lamp-calibrated:
      the lamp must be calibrated every 12 months, may be extended by at most 14 days, approved by QA

    lamp-framed:
      the lamp must be checked before and after each use

    uv-intensity-each-day:
      each day, uv-intensity must be at least 1000 uW/cm2
        because "the lamp fades"

    dye-fresh:
      the dye must be within its shelf life

    materials-checked:
      each day, the operator must acknowledge "materials checked"
  }

  when blocked, tell supervisor with severity high
}
`;

type Plain = { [key: string]: unknown };
interface Document {
  readonly paths: { readonly [path: string]: { readonly [method: string]: Operation } };
  readonly components: { readonly schemas: Plain };
}

const FILE = "docs/agent-openapi.json";
/** `UPDATE=1 vitest run test/agent/openapi.test.ts` rewrites the file; `biome check --write docs` then formats it. */
const isUpdating = process.env["UPDATE"] === "1";

/** The same document, in which no object may have a member that its schema does not name. */
function closed<T>(node: T): T {
  if (Array.isArray(node)) return node.map(closed) as T;
  if (typeof node !== "object" || node === null) return node;
  const members = Object.fromEntries(Object.entries(node).map(([name, value]) => [name, closed(value)]));
  const isOpen = members["type"] === "object" && members["properties"] !== undefined;
  return (
    isOpen && members["additionalProperties"] === undefined ? { ...members, additionalProperties: false } : members
  ) as T;
}

function checkerOf(document: Document) {
  const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, strictRequired: false, strictTypes: false });
  ajv.addFormat("date-time", (text: string) => parseInstant(text) !== undefined);
  ajv.addFormat("date", (text: string) => parseDate(text) !== undefined);
  const local = <T>(node: T): T =>
    JSON.parse(JSON.stringify(node).replaceAll('"#/components/schemas/', '"#/$defs/')) as T;
  const $defs = local(closed(document.components.schemas));
  const compiled = new Map<object, ValidateFunction>();
  /** What is wrong with the value, null where it fits the schema. */
  return (value: unknown, schema: object): string | null => {
    const validate = compiled.get(schema) ?? ajv.compile({ ...local(closed(schema)), $defs });
    compiled.set(schema, validate);
    return validate(value) ? null : `${JSON.stringify(validate.errors)} ${JSON.stringify(value).slice(0, 300)}`;
  };
}

/** What the document says of an operation. */
interface Operation {
  readonly operationId: string;
  readonly requestBody?: { readonly content: Content };
  readonly responses: { readonly [status: string]: { readonly content: Content } };
}
type Content = { readonly [type: string]: { readonly schema: object } | undefined };

const operation = (method: string, path: string): Operation =>
  document.paths[path]?.[method] ?? expect.fail(`${method} ${path} is not described`);
const schemaOf = (content: Content | undefined, type = "application/json"): object =>
  content?.[type]?.schema ?? expect.fail(`${type} is not described`);

let document: Document;
let check: ReturnType<typeof checkerOf>;
let agent: Agent;
const closers: (() => unknown)[] = [];
afterAll(async () => {
  for (const close of closers.reverse()) await close();
});
beforeAll(async () => {
  const w = await openWorld((close) => void closers.push(close));
  w.set(1, { "UV-DAILY": w.repository.release("UV-DAILY", "v1.0", bundleOf(contract)) });
  agent = await w.start();
  await inForce(agent, 1);
  document = (await ask(agent, "/v1/openapi.json", undefined, operator.token)).json as Document;
  check = checkerOf(document);
});

test("the published document is what the agent says of itself", () => {
  if (isUpdating) writeFileSync(FILE, `${JSON.stringify(document, null, 2)}\n`);
  expect(document, "stale: UPDATE=1 vitest run test/agent/openapi.test.ts").toEqual(
    JSON.parse(readFileSync(FILE, "utf8")),
  );
});

test("every route of the API is described, once, and every name in it leads somewhere", async () => {
  const unknown = await ask(agent, "/v1/nowhere", undefined, operator.token);
  const help = (unknown.json as { readonly error: { readonly help: string } }).error.help;
  const served = help.replace("there are ", "").split(", ");
  expect(Object.keys(document.paths).sort()).toEqual(
    [...new Set(served.filter((path) => path.startsWith("/v1/")))].sort(),
  );
  const ids = Object.values(document.paths).flatMap((item) =>
    Object.values(item).map(({ operationId }) => operationId),
  );
  expect(new Set(ids).size).toBe(ids.length);
  const named = [...JSON.stringify(document).matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name);
  expect([...new Set(named)].sort()).toEqual(Object.keys(document.components.schemas).sort());
});

/** What is asked, by whom, and the status that answers. */
type Asking = readonly [path: string, body: unknown, token?: string, status?: number];

const calibration = {
  ...{ kind: "calibration", asset: "lamp", performedOn: "2025-01-15", result: "pass", certificate: "C-1" },
  ...{ dueOn: "2026-01-15", assetSerial: "L1", asFound: "in-tolerance", asLeft: "in-tolerance", signature: "valid" },
  ...{ asFoundShare: "-0.4", asLeftShare: 0.1 },
  ...{ ranges: [["0", 20000, "uW/cm2"]], references: ["Std-1"], national: false },
};
/** A body of each kind, with every field it may have. */
const bodies = [
  calibration,
  { kind: "reading", quantity: "uv-intensity", value: "1500", unit: "uW/cm2", takenWith: "lamp", settledMinutes: 3 },
  { kind: "acknowledgement", step: "materials checked" },
  { kind: "on-time", asset: "lamp", state: "on", forMinutes: 15 },
  {
    ...{ kind: "check", asset: "lamp", result: "pass", when: "list", name: "daily" },
    items: { glass: "pass", ok: true },
  },
  { kind: "event", asset: "Lamp-1", event: "dropped" },
  { kind: "service", asset: "lamp", state: "in-service" },
  { kind: "lot", material: "dye", lot: "24C017", expires: "2099-06", openedOn: "2026-01-01" },
  { kind: "counter", asset: "lamp", counter: "hours", value: "312.5", atService: true },
  {
    ...{ kind: "override", rule: "calibration.overdue", subject: "Lamp-1", reason: "spare is on its way" },
    expiresAt: "2099-01-01T00:00:00Z",
  },
  { kind: "extension", asset: "lamp", until: "2099-01-01", reason: "the laboratory is closed" },
  { kind: "approval", of: "E0" },
  { kind: "revocation", asset: "lamp", certificate: "C-1", reason: "laboratory error" },
  { kind: "impact-closed", asset: "lamp", certificate: "C-1", disposition: "12 parts tested again" },
];

test("every answer fits what the document says of it, in JSON and in text", async () => {
  const seen = new Set<string>();
  const fits = async ([path, body, token = operator.token, status = 200]: Asking, textToo = true) => {
    const [place = ""] = path.split("?");
    const method = body === undefined ? "get" : "post";
    seen.add(`${method} ${place}`);
    const { content } =
      operation(method, place).responses[status === 200 ? "200" : `${String(status)[0]}XX`] ?? expect.fail(path);
    const answer = await ask(agent, path, body, token);
    expect([path, answer.status, answer.text.slice(0, 300)]).toEqual([path, status, expect.anything()]);
    expect(check(answer.json, schemaOf(content)), path).toBeNull();
    if (content["text/plain"] === undefined || !textToo) return answer.json as Plain;
    const plain = await ask(agent, path, body, token, { accept: "text/plain" });
    expect(check(plain.text, schemaOf(content, "text/plain")), path).toBeNull();
    return answer.json as Plain;
  };
  await fits(["/v1/health", undefined, ""]);
  for (const path of ["/v1/status", "/v1/openapi.json", "/v1/evidence"]) await fits([path, undefined]);
  await fits(["/v1/gate", { test: "T-1", kind: null, order: "PO-1", part: "P-1", planned: { hours: 2, cycles: "4" } }]);
  await fits(["/v1/gate", { test: "T-1", preview: true }]);
  for (const body of bodies.filter(({ kind }) => kind !== "approval")) await fits(["/v1/evidence", body], false);
  const { id } = await fits(["/v1/evidence", bodies.find(({ kind }) => kind === "extension")], false);
  await fits(["/v1/evidence", { kind: "approval", of: id }, qa.token], false);
  await fits(["/v1/evidence", { kind: "acknowledgement", step: "materials checked" }]);
  await fits(["/v1/test/start", { test: "T-1" }]);
  const fresh = { ...calibration, performedOn: new Date().toISOString().slice(0, 10), certificate: "C-2" };
  const { dueOn: _, references: __, ...without } = { ...fresh, national: true };
  await fits(["/v1/evidence", without], false);
  const started = await fits(["/v1/test/start", { test: "T-1" }], false);
  expect(started).toMatchObject({ reasons: [], running: { test: "T-1" } });
  await fits(["/v1/station", undefined]);
  await fits(["/v1/test/end", { test: "T-1", result: "passed" }], false);
  await fits(["/v1/due?days=400", undefined]);
  await fits(["/v1/feed", { folder: "nowhere" }, operator.token, 400]);
  await fits([`/v1/receipt?seq=${started["ledgerSeq"]}`, undefined]);
  await fits(["/v1/evidence?subject=lamp&limit=3", undefined]);
  for (const path of [
    "",
    "?newest=1&limit=2&type=gate_decision",
    "/entry?seq=0",
    "/proof?seq=1",
    "/consistency?from=1",
  ])
    await fits([`/v1/ledger${path}`, undefined, auditor.token]);
  await fits(["/v1/witness", undefined, auditor.token]);
  for (const path of ["/checkpoint", "/verify"]) await fits([`/v1/ledger${path}`, undefined, auditor.token]);
  const refused: readonly Asking[] = [
    ["/v1/ledger", undefined, operator.token, 403],
    ["/v1/ledger?limit=0", undefined, auditor.token, 400],
    ["/v1/ledger/entry?seq=99999", undefined, auditor.token, 404],
    ["/v1/status", undefined, "nobody", 401],
    ["/v1/gate", { test: "T-1" }, auditor.token, 403],
    ["/v1/gate", { test: 7 }, operator.token, 400],
    ["/v1/test/end", { test: "T-9" }, operator.token, 409],
    ["/v1/receipt?seq=99999", undefined, operator.token, 404],
    ["/v1/witness/accept", { root: "AAAA", reason: "restored" }, admin.token, 409],
    ["/v1/witness/accept", { root: "AAAA", reason: " " }, admin.token, 400],
    ["/v1/witness/accept", { root: "AAAA" }, admin.token, 400],
    ["/v1/witness/accept", { root: "AAAA", reason: "restored" }, auditor.token, 403],
    ["/v1/witness/accept", { root: "AAAA", reason: "restored" }, qa.token, 403],
    ["/v1/evidence", { kind: "redding" }, operator.token, 400],
  ];
  for (const one of refused) await fits(one);
  const described = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.keys(item).map((method) => `${method} ${path}`),
  );
  expect([...seen].sort()).toEqual(described.sort());
});

test("what does not fit is seen", async () => {
  const schema = schemaOf(operation("post", "/v1/gate").responses["200"]?.content);
  const { json } = await ask(agent, "/v1/gate", { test: "T-1", preview: true }, operator.token);
  const decision = json as Plain;
  expect(check(decision, schema)).toBeNull();
  const { allow: _, ...without } = decision;
  const [detail] = decision["details"] as readonly Plain[];
  for (const broken of [
    without,
    { ...decision, allow: "true" },
    { ...decision, more: 1 },
    { ...decision, atUtc: "yesterday" },
    { ...decision, details: [{ ...detail, line: -1 }] },
  ])
    expect(check(broken, schema)).not.toBeNull();
});

test.each(bodies)("the document and the agent want the same of a $kind", async (body) => {
  const schema = schemaOf(operation("post", "/v1/evidence").requestBody?.content);
  const refusedBy = async (sent: object) => {
    const { status, text } = await ask(agent, "/v1/evidence", sent, qa.token);
    return { schema: check(sent, schema) !== null, agent: status === 400, text };
  };
  const isFine = { schema: false, agent: false };
  const isRefused = { schema: true, agent: true };
  const of = body.kind !== "approval" ? {} : { of: await recordedExtension() };
  expect(await refusedBy({ ...body, ...of })).toMatchObject(isFine);
  expect(await refusedBy({ ...body, ...of, stray: 1 })).toMatchObject(isRefused);
  const form = evidenceForms[body.kind as RecordedKind];
  expect(Object.keys(body).sort()).toEqual(["kind", ...Object.keys({ ...form.required, ...form.optional })].sort());
  for (const field of Object.keys(form.required)) {
    const without = Object.fromEntries(Object.entries(body).filter(([name]) => name !== field));
    expect([field, await refusedBy(without)]).toMatchObject([field, isRefused]);
    expect([field, await refusedBy({ ...body, [field]: { of: "objects" } })]).toMatchObject([field, isRefused]);
  }
  for (const field of Object.keys(form.optional)) {
    const without = Object.fromEntries(Object.entries(body).filter(([name]) => name !== field));
    expect([field, await refusedBy(without)]).toMatchObject([field, isFine]);
    expect([field, await refusedBy({ ...body, [field]: [{}] })]).toMatchObject([field, isRefused]);
  }
});

async function recordedExtension(): Promise<string> {
  const body = bodies.find(({ kind }) => kind === "extension");
  return ((await ask(agent, "/v1/evidence", body, operator.token)).json as { readonly id: string }).id;
}
