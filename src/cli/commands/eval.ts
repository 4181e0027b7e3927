import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { Command, Option } from "commander";
import { MaintError } from "../../base/maint-error.ts";
import { isJsonObject, type JsonObject } from "../../base/strict-json.ts";
import type { Decision, EngineChoice } from "../../model/decision.ts";
import { MAX_SNAPSHOT_BYTES } from "../../model/limits.ts";
import type { LoadedBundle } from "../../runtime/index.ts";
import { decisionLines } from "../decision-lines.ts";
import { decisionTree } from "../decision-tree.ts";
import {
  bindingReleases,
  type ContractShelf,
  DoesNotCompile,
  evaluate,
  openShelf,
  readJson,
  readTextFile,
  releasesOf,
} from "../evaluation.ts";
import { describeError } from "../report-error.ts";

interface EvalOptions {
  readonly contract?: readonly string[];
  readonly facts?: string;
  readonly at?: string;
  readonly batch?: string;
  readonly engine: EngineChoice;
  readonly explain?: boolean;
  readonly json?: boolean;
}

export function command(): Command {
  return new Command("eval")
    .description("Decide a snapshot of evidence by a contract, without a server. Exit 0 allowed, 10 blocked.")
    .option("--contract <file...>", "contract files, taken as binding")
    .option("--facts <file>", "the snapshot, JSON")
    .option("--at <instant>", "when, with an offset: 2026-11-23T09:00:00-06:00")
    .option("--batch <file>", "decide many: one {id, contract | releases, facts, at} a line, one decision a line out")
    .addOption(
      new Option("--engine <engine>", "which evaluator").choices(["both", "fast", "reference"]).default("both"),
    )
    .option("--explain", "print it as a tree: every clause with what was seen, what it says, and the way to green")
    .option("--json", "print the decision as JSON")
    .addHelpText(
      "after",
      "\nExample:\n  maint eval --contract UV-DAILY.maint --facts snapshot.json --at 2026-11-23T09:00:00-06:00\n",
    )
    .action(async (options: EvalOptions) => {
      await (options.batch === undefined ? evalOne(options) : evalBatch(options.batch, options));
    });
}

async function evalOne({ contract, facts, at, engine, explain, json }: EvalOptions): Promise<void> {
  if (contract === undefined || facts === undefined || at === undefined) {
    throw new MaintError("MAINT_ERR_USAGE", "eval needs --contract, --facts and --at, or --batch", {
      help: "maint eval --help shows an example",
    });
  }
  const shelf = openShelf();
  const bundles: LoadedBundle[] = [];
  try {
    for (const file of contract) bundles.push(...(await shelf.load(file)));
  } catch (error) {
    if (error instanceof DoesNotCompile && json !== true) process.stderr.write(`${error.findings.trimEnd()}\n`);
    throw error;
  }
  const snapshot = readJson(await readTextFile(facts, MAX_SNAPSHOT_BYTES), facts);
  const decision = await evaluate(bindingReleases(bundles), snapshot, at, engine);
  const lines = explain === true ? decisionTree(decision) : decisionLines(decision);
  const text = json === true ? JSON.stringify(decision) : lines.join("\n");
  process.stdout.write(`${text}\n`);
  process.exitCode = decision.allow ? 0 : 10;
}

async function evalBatch(batch: string, { contract, facts, at, engine }: EvalOptions): Promise<void> {
  if (contract !== undefined || facts !== undefined || at !== undefined) {
    throw new MaintError("MAINT_ERR_USAGE", "--batch stands alone: each line names its contract, facts and instant");
  }
  const shelf = openShelf();
  const input = createReadStream(batch, { encoding: "utf8" });
  let number = 0;
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    number += 1;
    if (line.trim() === "") continue;
    const answer = await answerLine(line, `${batch}:${number}`, shelf, engine);
    if (!process.stdout.write(`${JSON.stringify(answer)}\n`)) {
      await new Promise((resolve) => process.stdout.once("drain", resolve));
    }
  }
}

interface BatchAnswer extends Pick<Decision, "allow" | "reasons" | "warnings" | "conditions"> {
  readonly id?: string | number | null;
  readonly error?: string;
}

/** A line that cannot be decided is a blocked line: the others still are. */
async function answerLine(
  line: string,
  place: string,
  shelf: ContractShelf,
  engine: EngineChoice,
): Promise<BatchAnswer> {
  let id: { readonly id?: string | number | null } = {};
  try {
    const scenario = readJson(line, place);
    if (!isJsonObject(scenario)) throw new MaintError("MAINT_ERR_BAD_SCENARIO", `${place}: a line is a JSON object`);
    id = idOf(scenario);
    const file = scenario.get("contract");
    const releases =
      typeof file === "string"
        ? bindingReleases(await shelf.load(file))
        : await releasesOf(scenario.get("releases"), shelf);
    const at = scenario.get("at");
    const decided = await evaluate(
      releases,
      scenario.get("facts") ?? null,
      typeof at === "string" ? at : undefined,
      engine,
    );
    const { allow, reasons, warnings, conditions, details } = decided;
    const why = details.find(({ code }) => code === "runtime.error");
    return { ...id, allow, reasons, warnings, conditions, ...(why === undefined ? {} : { error: why.text }) };
  } catch (error) {
    const { message } = describeError(error);
    return { ...id, allow: false, reasons: ["runtime.error:node"], warnings: [], conditions: [], error: message };
  }
}

function idOf(scenario: JsonObject): { readonly id?: string | number | null } {
  const id = scenario.get("id");
  if (id === undefined) return {};
  if (typeof id === "string" || id === null) return { id };
  return typeof id === "object" && "kind" in id ? { id: Number(id.text) } : {};
}
