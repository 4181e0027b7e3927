import { MaintError } from "../base/maint-error.ts";
import type { LedgerDesk } from "../disk/ledger-desk.ts";
import { numberIn, parseLedgerQuery } from "../disk/ledger-questions.ts";
import { ledgerAnswers, ledgerAsked, ledgerQueries } from "../disk/ledger-schemas.ts";
import type { DescribedRoute, RouteDoc } from "./described-route.ts";
import type { Caller } from "./local-access.ts";
import { type Answer, answerOf, refusal } from "./local-api.ts";

const answers = ledgerAnswers("the node's id");

function docOf(question: keyof typeof ledgerAsked): RouteDoc {
  const { id, summary, needed } = { needed: undefined, ...ledgerAsked[question] };
  const asked = Object.entries(question in ledgerQueries ? ledgerQueries[question as keyof typeof ledgerQueries] : {});
  const query = asked.map(
    ([name, schema]) => [name, { schema, ...(name === needed ? { required: true as const } : {}) }] as const,
  );
  return {
    id,
    summary,
    answer: answers[question],
    ...(query.length === 0 ? {} : { query: Object.fromEntries(query) }),
  };
}

/** GET /v1/ledger and below: for auditors and those who answer for the floor. */
export function ledgerRoutes(desk: LedgerDesk): readonly DescribedRoute[] {
  const read = (
    path: string,
    doc: RouteDoc,
    ask: (params: URLSearchParams, by: string) => object | Promise<object>,
  ): DescribedRoute => ({
    ...{ method: "GET", path, scope: "audit", doc },
    handle: (_, caller, params) => answered(() => ask(params, byOf(caller))),
  });
  return [
    read("/v1/ledger", docOf("list"), (params, by) => desk.list(parseLedgerQuery(params), by)),
    read("/v1/ledger/entry", docOf("entry"), (params, by) => desk.entry(needed(params, "seq"), by)),
    read("/v1/ledger/proof", docOf("inclusion"), (params, by) =>
      desk.inclusion(needed(params, "seq"), numberIn(params, "size"), by),
    ),
    read("/v1/ledger/consistency", docOf("consistency"), (params) =>
      desk.consistency(needed(params, "from"), numberIn(params, "to")),
    ),
    read("/v1/ledger/checkpoint", docOf("checkpoint"), () => desk.checkpoint()),
    read("/v1/ledger/verify", docOf("verify"), (_, by) => desk.verify(by)),
  ];
}

const byOf = ({ id }: Caller): string => id;

function needed(params: URLSearchParams, name: string): number {
  const value = numberIn(params, name);
  if (value === undefined) throw new MaintError("MAINT_ERR_LEDGER_QUERY", `?${name}= is needed`);
  return value;
}

async function answered(ask: () => object | Promise<object>): Promise<Answer> {
  try {
    return { status: 200, body: await ask() };
  } catch (error) {
    if (!(error instanceof MaintError)) throw error;
    return error.code === "MAINT_ERR_NOT_FOUND" ? refusal(404, error.code, error.message, error.help) : answerOf(error);
  }
}
