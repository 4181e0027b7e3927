import { printUtc } from "../../base/civil-time.ts";
import type { NodeRecord } from "../archive/evidence-in.ts";
import type { CheckRow } from "./audit-report.ts";
import { compareText } from "./decision-rows.ts";

/** Every check that was recorded, whether or not a test asked to start: what failed unseen is what an auditor looks for. */
export const checkRows = (records: readonly NodeRecord[]): readonly CheckRow[] =>
  records
    .flatMap(({ node, record }): readonly CheckRow[] => {
      const { id, subject, by, takenAtMs, body } = record;
      if (body.kind !== "check") return [];
      const failed = Object.entries(body.items ?? {}).flatMap(([item, passed]) => (isPassed(passed) ? [] : [item]));
      const said = { when: body.when, name: body.name ?? null, result: body.result, failed };
      return [{ node, id, at: printUtc(takenAtMs), subject, ...said, by }];
    })
    .sort((a, b) => compareText(a.at, b.at) || compareText(a.node, b.node) || compareText(a.id, b.id));

const isPassed = (item: string | boolean): boolean => item === true || item === "pass";
