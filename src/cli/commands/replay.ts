import { readFileSync } from "node:fs";
import { Command, InvalidArgumentError } from "commander";
import { parseInstant } from "../../base/civil-time.ts";
import { MaintError } from "../../base/maint-error.ts";
import type { ReplayJob } from "../../hub/replay/replay-service.ts";
import type { ReplaySummary } from "../../hub/replay/replay-summary.ts";
import { type HubClient, type HubOptions, hubClient, printAnswer, withHubOptions } from "../hub-client.ts";
import { progressLine, replayLines } from "../replay-lines.ts";

interface ReplayOptions extends HubOptions {
  readonly candidate?: string;
  readonly release?: string;
  readonly against?: string;
  readonly since?: number;
  readonly until?: number;
  readonly inForceFrom?: number;
  readonly nodes?: string;
  readonly examples?: number;
}

/** `maint replay`: what recorded decisions would have been under another version. */
export function command(): Command {
  return withHubOptions(
    new Command("replay")
      .description("decide recorded decisions again under another version; exit code 1 where a verdict would change")
      .argument("<contract>")
      .option(
        "--candidate <file>",
        "the version to try, a .maint file (else --release, else the open draft, else the newest)",
      )
      .option("--release <version>", "a version that the hub has: v1.1, or draft")
      .option("--against <version>", "held against this version's verdicts instead of the recorded ones")
      .option("--since <instant>", "decisions from then on, 2026-11-01T00:00:00-06:00", instantOf)
      .option("--until <instant>", "decisions before then", instantOf)
      .option("--in-force-from <instant>", "the candidate counts from then on; tests under way keep theirs", instantOf)
      .option("--nodes <ids>", "these nodes only, with commas between")
      .option("--examples <number>", "of each kind of change", wholeNumber),
  )
    .addHelpText(
      "after",
      "\nExample:\n  maint replay UV-DAILY --candidate uv-daily.maint --since 2026-11-01T00:00:00-06:00\n\nCtrl-C cancels it at the hub.",
    )
    .action(replay);
}

function instantOf(text: string): number {
  const instant = parseInstant(text);
  if (instant === undefined)
    throw new InvalidArgumentError("write an instant with its offset, 2026-11-01T00:00:00-06:00");
  return instant;
}

function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError("a whole number from 0 on is needed");
  return Number(text);
}

const LOOK_EVERY_MS = 200;
const CLEAR_LINE = "\r\u001b[2K";

async function replay(contract: string, options: ReplayOptions): Promise<void> {
  const hub = hubClient(options);
  const { candidate, release, against, since, until, inForceFrom, nodes, examples } = options;
  const asked = {
    ...{ contract, against, examples, version: release, fromMs: since, toMs: until, inForceFromMs: inForceFrom },
    ...(candidate === undefined ? {} : { text: readFileSync(candidate, "utf8") }),
    ...(nodes === undefined ? {} : { nodes: nodes.split(",").map((id) => id.trim()) }),
  };
  const started = (await hub.post("/v1/replays", asked)) as ReplayJob;
  const summary = await followed(hub, started.id);
  process.exitCode = summary.counts.newlyBlocked + summary.counts.newlyAllowed > 0 ? 1 : 0;
  printAnswer(options, summary, replayLines(summary));
}

/** Asks until it is over. On a terminal a bar shows how far it is; a Ctrl-C cancels it there, not only here. */
async function followed(hub: HubClient, id: string): Promise<ReplaySummary> {
  const draws = process.stderr.isTTY === true;
  let isCancelled = false;
  const cancel = (): void => {
    isCancelled = true;
  };
  process.once("SIGINT", cancel);
  try {
    for (;;) {
      const path = `/v1/replays/${encodeURIComponent(id)}`;
      const job = (await (isCancelled ? hub.delete(path) : hub.get(path))) as ReplayJob;
      if (draws) process.stderr.write(`${CLEAR_LINE}${progressLine(job)}`);
      if (job.state === "done" && job.summary !== null) return job.summary;
      if (job.state === "cancelled")
        throw new MaintError("MAINT_ERR_REPLAY_CANCELLED", `${id} was cancelled`, { exitCode: 1 });
      if (job.state === "failed")
        throw new MaintError("MAINT_ERR_REPLAY_FAILED", `${id} failed: ${job.failure}`, { exitCode: 69 });
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  } finally {
    process.off("SIGINT", cancel);
    if (draws) process.stderr.write(CLEAR_LINE);
  }
}
