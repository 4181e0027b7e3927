import { Command } from "commander";
import type { EquipmentReview } from "../../hub/patterns/find-patterns.ts";
import type { FleetPattern, PatternAnalysis } from "../../hub/patterns/pattern-service.ts";
import { type HubOptions, hubClient, printAnswer, withHubOptions } from "../hub-client.ts";

/** `maint pattern`: the same trouble at several nodes. */
export function command(): Command {
  const pattern = new Command("pattern").description("find alert patterns across nodes");
  withHubOptions(pattern.command("list").description("analyse the alerts, at least 3 at 2 nodes each; a ledger entry"))
    .option("--since <instant>", "only alerts from this instant on, 2026-11-24T06:00:00Z")
    .addHelpText("after", "\nExample:\n  maint pattern list --json")
    .action(list);
  return pattern.addHelpText("after", "\nExample:\n  maint pattern list");
}

async function list(options: HubOptions & { readonly since?: string }): Promise<void> {
  const body = options.since === undefined ? {} : { since: options.since };
  const answer = (await hubClient(options).post("/v1/patterns/analysis", body)) as PatternAnalysis;
  printAnswer(options, answer, [
    `${answer.total_alerts} alerts, ${answer.unique_patterns} patterns, ${answer.critical_patterns} critical, ` +
      `${answer.recommended_updates} with an update to recommend`,
    ...answer.patterns.flatMap(patternLines),
    ...answer.equipment_reviews.map(reviewLine),
  ]);
}

function patternLines(pattern: FleetPattern): readonly string[] {
  const { assets, stationType } = pattern.common;
  const common = [stationType === null ? "" : `${stationType} stations`, ...assets].filter((word) => word !== "");
  const lines = [
    `${pattern.id}  ${pattern.contract ?? "no contract"} ${pattern.condition ?? ""}  ${pattern.reason}`,
    `    ${pattern.decisions} tests at ${pattern.nodes.join(", ")} of ${pattern.fleet.enrolled} nodes` +
      `${pattern.critical ? ", critical" : ""}${common.length > 0 ? `; common: ${common.join(", ")}` : ""}`,
  ];
  if (pattern.recommendation === "early-warning")
    lines.push(`    draft an update: maint proposal create ${pattern.id}`);
  return lines;
}

const reviewLine = ({ node, decisions, condition, reason, assets }: EquipmentReview): string =>
  `look at the equipment of ${node}: ${decisions} tests, ${condition ?? "no condition"}, ${reason}` +
  `${assets.length > 0 ? `; ${assets.join(", ")}` : ""}`;
