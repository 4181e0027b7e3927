import { existsSync } from "node:fs";
import { Command, Option } from "commander";
import { DAY_MS, parseDate, parseInstant, printUtc } from "../../base/civil-time.ts";
import { MaintError } from "../../base/maint-error.ts";
import { writeAtomically } from "../../disk/atomic-write.ts";
import { zoneFromIntl } from "../../disk/zone-from-intl.ts";
import type { AuditScope } from "../../hub/reports/audit-report.ts";
import { verifyReport } from "../../hub/reports/verify-report.ts";
import { MAX_REPORT_BYTES } from "../../model/limits.ts";
import { openPlantCalendar } from "../../model/plant-calendar.ts";
import { PRODUCT_VERSION } from "../../model/product-version.ts";
import { readTextFile } from "../evaluation.ts";
import { givenKey, mustBeKeyOf, nodeKey } from "../given-key.ts";
import { type HubOptions, hubClient, LONG_PATIENCE_MS, printAnswer, withHubOptions } from "../hub-client.ts";
import { printToPdf } from "../print-to-pdf.ts";

interface AuditOptions extends HubOptions {
  readonly equipment?: string;
  readonly order?: string;
  readonly station?: string;
  readonly from?: string;
  readonly to?: string;
  readonly zone?: string;
  readonly out: string;
  readonly pdf?: string;
  readonly force?: boolean;
}

const DEFAULT_DAYS = 30;

/** `maint report`: what an auditor takes away, and its verification without any server. */
export function command(): Command {
  const report = new Command("report").description("make and verify reports for auditors");
  const audit = report
    .command("audit")
    .description("write a sealed report about an instrument, an order, a station or the whole floor")
    .addOption(new Option("--equipment <asset>", "about one asset").conflicts(["order", "station"]))
    .addOption(new Option("--order <id>", "about one client order").conflicts(["equipment", "station"]))
    .addOption(new Option("--station <id>", "about one station").conflicts(["equipment", "order"]))
    .option("--from <date>", `first day or instant (else ${DEFAULT_DAYS} days before the end)`)
    .option("--to <date>", "day or instant it ends before (else now)")
    .option("--zone <name>", "zone in which days begin, America/Chicago", "UTC")
    .requiredOption("-o, --out <file>", "where the page is written, HTML")
    .option("--pdf <file>", "print it as well; needs Chromium (else MAINT_CHROMIUM names it)")
    .option("--force", "replace files that are there");
  withHubOptions(audit)
    .addHelpText("after", "\nExample:\n  maint report audit --order PO-2026-118 --from 2026-11-01 -o po-118.html")
    .action(writeAudit);
  report
    .command("verify")
    .description("verify a report offline; exit code 0 it holds, 1 it does not")
    .argument("<file>", "the report, HTML")
    .requiredOption(
      "--key <key>",
      "the hub's online public key: what `maint ledger key` prints at the hub, or the 64 hex digits of `maint keys list`",
    )
    .option(
      "--node-key <node=key...>",
      "a node's public key as you know it, as `maint ledger key` prints it there: its entries are held against that",
    )
    .option("--json", "print JSON")
    .addHelpText("after", "\nExample:\n  maint report verify po-118.html --key 3f0a…")
    .action(verifyFile);
  return report.addHelpText("after", "\nExample:\n  maint report audit --station LP-01 -o lp-01.html");
}

async function writeAudit(options: AuditOptions): Promise<void> {
  for (const file of [options.out, options.pdf])
    if (file !== undefined && existsSync(file) && options.force !== true)
      throw new MaintError("MAINT_ERR_FILE_EXISTS", `${file}: is there already`, {
        help: "name another, or say --force",
      });
  const toMs = options.to === undefined ? Date.now() : instantOf("--to", options.to, options);
  const fromMs = options.from === undefined ? toMs - DEFAULT_DAYS * DAY_MS : instantOf("--from", options.from, options);
  const body = { scope: scopeOf(options), from: printUtc(fromMs), to: printUtc(toMs) };
  const asking = { patienceMs: LONG_PATIENCE_MS };
  const { html, report } = (await hubClient(options).post("/v1/reports/audit", body, asking)) as {
    readonly html: string;
    readonly report: { readonly decisions: number; readonly findings: number };
  };
  writeAtomically(options.out, html);
  const files = [options.out];
  if (options.pdf !== undefined) {
    await printToPdf(options.out, options.pdf);
    files.push(options.pdf);
  }
  printAnswer(options, { files, ...report }, [
    `${report.decisions} decisions, ${report.findings} findings, written to ${files.join(" and ")}`,
  ]);
}

function scopeOf({ equipment, order, station }: AuditOptions): AuditScope {
  if (equipment !== undefined) return { kind: "equipment", id: equipment };
  if (order !== undefined) return { kind: "order", id: order };
  return station === undefined ? { kind: "period" } : { kind: "station", id: station };
}

function instantOf(option: string, text: string, { zone = "UTC" }: AuditOptions): number {
  const instant = parseInstant(text);
  if (instant !== undefined) return instant;
  const day = parseDate(text);
  const transitions = zoneFromIntl(zone);
  if (transitions === undefined) throw new MaintError("MAINT_ERR_USAGE", `--zone ${zone}: there is no such zone`);
  if (day !== undefined) return openPlantCalendar(transitions).startOfDay(day);
  throw new MaintError("MAINT_ERR_USAGE", `${option} ${text}: neither a day nor an instant`, {
    help: "2026-11-24, or 2026-11-24T06:00:00-06:00",
  });
}

/** `LP-01=…`, one for each node. */
function nodeKeysOf(given: readonly string[]): ReadonlyMap<string, string> {
  return new Map(
    given.map((text) => {
      const at = text.indexOf("=");
      if (at < 1) throw new MaintError("MAINT_ERR_USAGE", `--node-key ${text}: NODE=KEY is needed, LP-01=3f0a…`);
      const node = text.slice(0, at);
      return [node, nodeKey(node, text.slice(at + 1))] as const;
    }),
  );
}

async function verifyFile(
  file: string,
  {
    key,
    json,
    nodeKey: given = [],
  }: { readonly key: string; readonly json?: boolean; readonly nodeKey?: readonly string[] },
): Promise<void> {
  const help = "maint ledger key prints it at the hub, maint keys list shows its hex digits";
  const sealedBy = givenKey(key, { whose: "a hub", help });
  const text = await readTextFile(file, MAX_REPORT_BYTES);
  const { findings, holds, report } = verifyReport(text, {
    publicHex: sealedBy.publicHex,
    madeWith: PRODUCT_VERSION,
    nodeKeys: nodeKeysOf(given),
  });
  if (report !== null) mustBeKeyOf(report.hub, sealedBy, help);
  const about = report === null ? null : { hub: report.hub, scope: report.scope, madeAt: report.madeAt };
  printAnswer({ json: json === true }, { file, holds: findings.length === 0, about, checks: holds, findings }, [
    `${findings.length === 0 ? "HOLDS" : "DOES NOT HOLD"}  ${file}`,
    ...findings.map(({ fault, message }) => `  ${fault}: ${message}`),
    ...holds.map((line) => `  ${line}`),
  ]);
  process.exitCode = findings.length === 0 ? 0 : 1;
}
