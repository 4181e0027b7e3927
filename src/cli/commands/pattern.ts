import { Command } from "commander";
import type { PatternAnalysis, ShownPattern } from "../../hub/patterns/pattern-service.ts";
import { type HubOptions, hubClient, printAnswer, withHubOptions } from "../hub-client.ts";
import { analysisLines, shownPattern } from "../pattern-lines.ts";

/** `maint pattern`: the same trouble at several nodes. */
export function command(): Command {
  const pattern = new Command("pattern").description("find alert patterns across nodes");
  withHubOptions(pattern.command("list").description("analyse the alerts, at least 3 at 2 nodes each; a ledger entry"))
    .option("--since <instant>", "only alerts from this instant on, 2026-11-24T06:00:00Z")
    .option("--windows <list>", "how far back, with commas between; the widest decides (default: 1d,7d,30d)")
    .option("--min-alerts <n>", "blocked tests that make a pattern (default: 3)", Number)
    .option("--min-nodes <n>", "nodes that make a pattern; fewer are a review of their equipment (default: 2)", Number)
    .addHelpText("after", "\nExample:\n  maint pattern list --windows 12h,7d --json")
    .action(list);
  withHubOptions(pattern.command("show <id>").description("show windows, rates, when it rose, and every alert"))
    .addHelpText("after", "\nExample:\n  maint pattern show pattern-3f2a9c0d11be")
    .action(show);
  return pattern.addHelpText("after", "\nExample:\n  maint pattern list");
}

interface ListOptions extends HubOptions {
  readonly since?: string;
  readonly windows?: string;
  readonly minAlerts?: number;
  readonly minNodes?: number;
}

async function list(options: ListOptions): Promise<void> {
  const { since, windows, minAlerts, minNodes } = options;
  const body = {
    ...(since === undefined ? {} : { since }),
    ...(windows === undefined ? {} : { windows: windows.split(",").map((name) => name.trim()) }),
    ...(minAlerts === undefined ? {} : { minAlerts }),
    ...(minNodes === undefined ? {} : { minNodes }),
  };
  const answer = (await hubClient(options).post("/v1/patterns/analysis", body)) as PatternAnalysis;
  printAnswer(options, answer, analysisLines(answer));
}

async function show(id: string, options: HubOptions): Promise<void> {
  const answer = (await hubClient(options).get(`/v1/patterns/${encodeURIComponent(id)}`)) as ShownPattern;
  printAnswer(options, answer, shownPattern(answer));
}
