import type { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { Command, Option } from "commander";
import { MaintError } from "../../base/maint-error.ts";
import type { Result } from "../../base/result.ts";
import {
  CALIBRATION_RESULTS,
  type CalibrationResult,
  type ImportedCalibrations,
} from "../../import/calibration-row.ts";
import type { DccSignature } from "../../import/dcc.ts";
import { GAUGE_FIELDS, type GaugeField } from "../../import/gauge-list.ts";
import { SYSTEMLINK_NAMES } from "../../import/systemlink.ts";
import { MAX_IMPORT_BYTES } from "../../model/limits.ts";
import type { AgentOptions } from "../agent-client.ts";
import { type ImportOutcome, recordAll } from "../record-calibrations.ts";

const SOURCES = ["dcc", "gauge-list", "systemlink"] as const;

interface Options extends Partial<AgentOptions> {
  readonly from: (typeof SOURCES)[number];
  readonly asset?: string;
  readonly map?: string;
  readonly dates?: string;
  readonly result?: CalibrationResult;
  readonly results?: string;
  readonly delimiter?: string;
  readonly zone?: string;
  readonly trust?: readonly string[];
  readonly correct?: boolean;
  readonly dryRun?: boolean;
}

interface Imported extends ImportedCalibrations {
  readonly signature?: DccSignature;
}

/** `maint evidence import`: calibrations out of files that laboratories, plants and asset managers keep anyway. */
export function command(): Command {
  const evidence = new Command("evidence").description("bring evidence from other people's files to a node");
  evidence
    .command("import")
    .description(
      "Record the calibrations of a file: what is taken, what is rejected and why. Exit code 1 where something was" +
        " rejected, refused by the agent, or bears a signature that does not hold.",
    )
    .argument("<file>", "a certificate, a list or an asset file")
    .addOption(new Option("--from <kind>", "what the file is").choices(SOURCES).makeOptionMandatory())
    .option("--node <id>", "the node whose agent keeps it")
    .option("--token <file>", "token file of the person (else MAINT_TOKEN_FILE)")
    .option("--asset <name>", "dcc: role or asset id of the item; else the customer's number on the certificate")
    .option("--trust <pem...>", "dcc: certificates of laboratories, or of who vouches for them")
    .option("--map <pairs>", `gauge-list: field=column,…; systemlink: asset=${SYSTEMLINK_NAMES.join("|")}`)
    .option("--dates <form>", "gauge-list: how dates are written: M/D/YYYY, DD.MM.YYYY, DD-MMM-YYYY (else YYYY-MM-DD)")
    .option("--delimiter <character>", "gauge-list: what parts the cells, `tab` for a tab (else a comma)")
    .option("--results <pairs>", "gauge-list: the list's own words for results: AAA=pass,REJ=fail")
    .addOption(
      new Option("--result <result>", "the result of every row, on your word, where the file keeps none").choices(
        CALIBRATION_RESULTS,
      ),
    )
    .option("--zone <zone>", "systemlink: the plant's zone, America/Chicago, for the day of each instant")
    .option("--correct", "record a correction where the same certificate is recorded with other values")
    .option("--dry-run", "say what would be recorded and ask no agent")
    .option("--node-url <url>", "the agent's address (else the one of the data folder)")
    .option("--data <dir>", "data folder (else MAINT_DATA, else ./maint-data)")
    .option("--json", "print `{file, from, signature, rows, rejected, remarks}`")
    .addHelpText(
      "after",
      "\nExamples:\n" +
        "  maint evidence import C-17.xml --from dcc --asset light-meter --trust lab-ca.pem --node LP-01 --token keys/QA-1.token\n" +
        "  maint evidence import gauges.csv --from gauge-list --map asset=code,serial=serial,performedOn=last_calibration,dueOn=next_due" +
        " --dates M/D/YYYY --result pass --node LP-01 --token keys/QA-1.token\n" +
        "  maint evidence import assets.json --from systemlink --zone America/Chicago --result pass --dry-run\n",
    )
    .action(importFile);
  return evidence.addHelpText(
    "after",
    "\nExample:\n  maint evidence import C-17.xml --from dcc --asset light-meter --trust lab-ca.pem --dry-run\n",
  );
}

const usage = (message: string, help: string): MaintError => new MaintError("MAINT_ERR_USAGE", message, { help });

async function importFile(file: string, options: Options): Promise<void> {
  const { node, dryRun, json } = options;
  if (node === undefined && dryRun !== true) throw usage("evidence goes to a node", "--node LP-01, or --dry-run");
  const read = await readers[options.from](await readText(file), options);
  if (!read.ok) {
    throw new MaintError("MAINT_ERR_IMPORT", `${file}: ${read.error}`, {
      help: "docs/import.md says what is read; `maint evidence import --help` has examples",
    });
  }
  const agent = node === undefined || dryRun === true ? undefined : { ...options, node };
  const { outcomes, stopped } = await recordAll(read.value.rows, agent, options.correct === true);
  const { signature, rejected, remarks } = read.value;
  if (json === true) {
    const report = { file, from: options.from, signature: signature ?? null, rows: outcomes, rejected, remarks };
    process.stdout.write(`${JSON.stringify(report, null, 1)}\n`);
  } else process.stdout.write(reportLines(file, read.value, outcomes));
  if (stopped !== undefined) throw stopped;
  const sound = signature === undefined || signature.state === "none" || signature.state === "valid";
  const refused = outcomes.some(({ outcome }) => outcome === "refused");
  process.exitCode = rejected.length > 0 || refused || !sound ? 1 : 0;
}

async function readText(file: string): Promise<string> {
  const bytes = await readFile(file);
  if (bytes.length > MAX_IMPORT_BYTES)
    throw new MaintError("MAINT_ERR_IMPORT", `${file}: has more than ${MAX_IMPORT_BYTES} bytes`);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new MaintError("MAINT_ERR_NOT_UTF8", `${file}: is not UTF-8 text`, { help: "save it as UTF-8" });
  }
}

type Reader = (text: string, options: Options) => Promise<Result<Imported, string>>;

// Each loads its own libraries: a list of gauges needs no XML.
const readers: { readonly [from in Options["from"]]: Reader } = {
  dcc: async (text, options) => {
    refuseOptions(options, ["map", "dates", "delimiter", "results", "result", "zone"]);
    const { readDcc } = await import("../../import/dcc.ts");
    const anchors = (await Promise.all((options.trust ?? []).map(anchorsIn))).flat();
    const asset = options.asset === undefined ? {} : { asset: options.asset };
    return readDcc(text, { ...asset, anchors, nowMs: Date.now() });
  },
  "gauge-list": async (text, options) => {
    refuseOptions(options, ["asset", "trust", "zone"]);
    const { readGaugeList } = await import("../../import/gauge-list.ts");
    const { dateForm } = await import("../../import/written-date.ts");
    const datesWritten = options.dates ?? "YYYY-MM-DD";
    const dates = dateForm(datesWritten);
    if (dates === undefined)
      throw usage(`"${datesWritten}" is no form of dates`, "such as M/D/YYYY: D or DD, M, MM or MMM, and YYYY");
    const delimiter = options.delimiter === "tab" ? "\t" : (options.delimiter ?? ",");
    if (delimiter.length !== 1) throw usage(`"${delimiter}" is not one character`, "--delimiter ';'");
    return readGaugeList(text, {
      ...{ columns: columnsOf(options.map), dates, datesWritten, delimiter, words: wordsOf(options.results) },
      ...(options.result === undefined ? {} : { result: options.result }),
    });
  },
  systemlink: async (text, options) => {
    refuseOptions(options, ["asset", "trust", "dates", "delimiter", "results"]);
    const { readSystemLink } = await import("../../import/systemlink.ts");
    const { openPlantCalendar } = await import("../../model/plant-calendar.ts");
    const { zoneFromIntl } = await import("../../disk/zone-from-intl.ts");
    const transitions = zoneFromIntl(options.zone ?? "");
    if (transitions === undefined)
      throw new MaintError("MAINT_ERR_UNKNOWN_ZONE", `no such zone: ${JSON.stringify(options.zone ?? "")}`, {
        help: "the plant's, --zone America/Chicago: an instant has a day only there",
      });
    const mapped = /^asset=(.+)$/.exec(options.map ?? "asset=assetName")?.[1];
    const nameFrom = SYSTEMLINK_NAMES.find((name) => name === mapped);
    if (nameFrom === undefined)
      throw usage(`"${options.map}" names no asset`, `--map asset=${SYSTEMLINK_NAMES.join(" or asset=")}`);
    const result = options.result === undefined ? {} : { result: options.result };
    return readSystemLink(text, { calendar: openPlantCalendar(transitions), nameFrom, ...result });
  },
};

/** An option that would say nothing is a misunderstanding, and those cost most when nobody notices. */
function refuseOptions(options: Options, names: readonly (keyof Options)[]): void {
  const stray = names.find((name) => options[name] !== undefined);
  if (stray !== undefined)
    throw usage(`--${stray} says nothing for --from ${options.from}`, "`maint evidence import --help` has examples");
}

const NEXT_PAIR = new RegExp(`,(?=(?:${GAUGE_FIELDS.join("|")})=)`);

function columnsOf(map: string | undefined): ReadonlyMap<GaugeField, string> {
  const help = `asset=COLUMN,performedOn=COLUMN and any of ${GAUGE_FIELDS.join(", ")}`;
  const columns = new Map<GaugeField, string>();
  for (const pair of map?.split(NEXT_PAIR) ?? []) {
    const [, name, column = ""] = /^([^=]*)=(.+)$/.exec(pair) ?? [];
    const field = GAUGE_FIELDS.find((known) => known === name);
    if (field === undefined || columns.has(field)) throw usage(`--map does not take "${pair}"`, help);
    columns.set(field, column.trim());
  }
  if (!columns.has("asset") || !columns.has("performedOn")) throw usage("--map names the columns of the list", help);
  return columns;
}

function wordsOf(results: string | undefined): ReadonlyMap<string, CalibrationResult> {
  const words = new Map<string, CalibrationResult>();
  for (const pair of results?.split(",") ?? []) {
    const [, word = "", result] = /^(.+)=([^=]*)$/.exec(pair) ?? [];
    const known = CALIBRATION_RESULTS.find((one) => one === result);
    if (known === undefined || words.has(word))
      throw usage(`--results does not take "${pair}"`, `WORD=${CALIBRATION_RESULTS.join(", WORD=")}`);
    words.set(word, known);
  }
  return words;
}

const PEM = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

async function anchorsIn(file: string): Promise<readonly X509Certificate[]> {
  const { readX509 } = await import("../../import/x509.ts");
  const anchors = ((await readText(file)).match(PEM) ?? []).map((block) => readX509(block));
  if (anchors.includes(undefined))
    throw new MaintError("MAINT_ERR_TRUST", `${file}: holds a certificate that cannot be read`);
  if (anchors.length > 0) return anchors.filter((anchor) => anchor !== undefined);
  throw new MaintError("MAINT_ERR_TRUST", `${file}: holds no certificate`, {
    help: "PEM text, -----BEGIN CERTIFICATE-----",
  });
}

function reportLines(
  file: string,
  { signature, rejected, remarks }: Imported,
  outcomes: readonly ImportOutcome[],
): string {
  const count = (outcome: ImportOutcome["outcome"]): number => outcomes.filter((one) => one.outcome === outcome).length;
  const kinds = ["recorded", "corrected", "known", "would-record", "refused"] as const;
  const sums = [
    ...kinds.map((kind) => [count(kind), kind.replace("-", " ")] as const),
    // A row may be rejected for several reasons.
    [new Set(rejected.map(({ line }) => line)).size, "rejected"] as const,
  ];
  const summary = sums.filter(([number]) => number > 0).map(([number, word]) => `${number} ${word}`);
  return [
    ...(signature === undefined ? [] : [`signature ${signature.state}: ${signature.why}`]),
    ...outcomes.map(outcomeLine),
    ...rejected.map(
      ({ line, column, value, why }) =>
        `rejected: ${file}:${line}${column === "" ? "" : ` ${column}`}${value === "" ? "" : ` ${JSON.stringify(value)}`}: ${why}`,
    ),
    ...remarks.map(({ field, message }) => `note: ${field}: ${message}`),
    summary.length === 0 ? "nothing to record" : summary.join(", "),
    "",
  ].join("\n");
}

function outcomeLine({ row, outcome, id, said }: ImportOutcome): string {
  const { place, asset, performedOn, dueOn, result, certificate, signature, revokedAt } = row;
  const about = [
    `calibrated ${performedOn}`,
    ...(dueOn === undefined ? [] : [`due ${dueOn}`]),
    result,
    ...(certificate === undefined ? [] : [`certificate ${certificate}`]),
    ...(signature === undefined ? [] : [`signature ${signature}`]),
    ...(revokedAt === undefined ? [] : [`revoked from ${revokedAt}`]),
  ].join(", ");
  const recorded = id === undefined ? "" : ` ${id}`;
  const why = said === undefined ? "" : `: ${said}`;
  return `${outcome.replace("-", " ")}${recorded}: ${place}, ${asset}, ${about}${why}`;
}
