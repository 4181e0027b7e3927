import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Command, Option } from "commander";
import { railroadSvg } from "../../../grammar/railroad.ts";
import { MaintError } from "../../base/maint-error.ts";
import { isJsonArray, isJsonNumber, isJsonObject, type Json, parseStrictJson } from "../../base/strict-json.ts";
import { type ClauseSeen, contractPage } from "../../compiler/doc/contract-page.ts";
import { renderHtml } from "../../compiler/doc/html.ts";
import { indexPage } from "../../compiler/doc/index-page.ts";
import { renderMarkdown } from "../../compiler/doc/markdown.ts";
import type { Page } from "../../compiler/doc/page.ts";
import { type CompiledContract, compile, type Source, type TestBeside } from "../../compiler/index.ts";
import { makeFolder, writeAtomically } from "../../disk/atomic-write.ts";
import { packageRoot } from "../package-root.ts";
import { compileOptions, readContracts } from "../read-contracts.ts";
import { refuseTwice } from "../refuse-twice.ts";
import { isBad, report } from "./check.ts";

const FORMATS = ["html", "md"] as const;
type Format = (typeof FORMATS)[number];

interface DocCommandOptions {
  readonly out?: string;
  readonly format?: Format;
  readonly coverage?: string;
  readonly date?: string;
  readonly json?: boolean;
}

const render = { html: renderHtml, md: renderMarkdown } as const;

export function command(): Command {
  return new Command("doc")
    .description("Write contracts as pages that an auditor can read, file and print.")
    .argument("[paths...]", "contract files, or folders that are searched for *.maint", ["."])
    .option("-o, --out <folder>", "write ID.html and ID.md each, and an index for several; else standard output")
    .addOption(new Option("--format <format>", "one format only; on standard output md unless told").choices(FORMATS))
    .option("--coverage <file>", "what `maint test --json` printed: shows which clauses the tests saw")
    .option("--date <date>", "a date to show; without it the same text gives the same bytes")
    .option("--json", "print `[{contract, title, digest, file, pages}]`, without -o each page with its text")
    .addHelpText(
      "after",
      "\nExample:\n  maint doc contracts -o audit\n  maint doc contracts/penetrant/lp-station.maint\n",
    )
    .action(document);
}

async function document(paths: string[], options: DocCommandOptions): Promise<void> {
  const { out, format, json } = options;
  const sources = await readContracts(paths);
  const { contracts, testsBeside, diagnostics } = compile(sources, compileOptions);
  if (isBad(diagnostics, false)) {
    const stream = json === true ? process.stdout : process.stderr;
    stream.write(report(json === true ? "json" : "text", diagnostics, sources));
    process.exitCode = 1;
    return;
  }
  if (contracts.length === 0) {
    throw new MaintError("MAINT_ERR_NO_CONTRACT", `${paths.join(", ")}: no contract there, only templates or tests`);
  }
  const formats: readonly Format[] = format === undefined ? (out === undefined ? ["md"] : FORMATS) : [format];
  if (out === undefined && format === "html" && contracts.length > 1 && json !== true) {
    throw new MaintError("MAINT_ERR_USAGE", `${contracts.length} contracts make as many pages`, {
      help: "name a folder for them: maint doc contracts -o audit",
    });
  }
  const pages = await pagesOf(contracts, testsBeside, sources, options);
  if (out !== undefined) makeFolder(out);
  const rows = pages.map(({ compiled, page }) => ({
    ...{ contract: compiled.id, title: compiled.bundle.title, digest: compiled.digest, file: compiled.file },
    pages: formats.map((one) => write(out, compiled.id, one, render[one](page))),
  }));
  if (out !== undefined && contracts.length > 1) {
    for (const one of formats) {
      const page = indexPage(contracts, (id) => `${id}.${one}`, options.date);
      write(out, "index", one, render[one](page));
    }
  }
  if (json === true) process.stdout.write(`${JSON.stringify(rows, null, 1)}\n`);
  else if (out === undefined) process.stdout.write(rows.flatMap((row) => row.pages.map(({ text }) => text)).join("\n"));
  else for (const { path } of rows.flatMap((row) => row.pages)) process.stdout.write(`${path}\n`);
}

/** Writes a page, or keeps its text where no folder is named. */
function write(out: string | undefined, name: string, format: Format, text: string) {
  if (out === undefined) return { format, path: null, text };
  const path = join(out, `${name}.${format}`);
  writeAtomically(path, text);
  return { format, path };
}

interface ContractPage {
  readonly compiled: CompiledContract;
  readonly page: Page;
}

async function pagesOf(
  contracts: readonly CompiledContract[],
  testsBeside: readonly TestBeside[],
  sources: readonly Source[],
  { coverage, date }: DocCommandOptions,
): Promise<readonly ContractPage[]> {
  refuseTwice(contracts);
  const meanings = await reasonMeanings();
  const seen = coverage === undefined ? undefined : await readCoverage(coverage);
  const texts = new Map(sources.map(({ name, text }) => [name, text]));
  return contracts.map((compiled) => {
    const page = contractPage(compiled, texts.get(compiled.file) ?? "", {
      meaningOf: (code) => meanings.get(code),
      drawRule: railroadSvg,
      testsBeside: testsBeside.filter(({ contract }) => contract === compiled.id),
      ...(seen === undefined ? {} : { coverage: seen.get(compiled.id) ?? [] }),
      ...(date === undefined ? {} : { date }),
    });
    return { compiled, page };
  });
}

/** The first paragraph of each section of docs/reasons.md. */
async function reasonMeanings(): Promise<ReadonlyMap<string, string>> {
  const text = await readFile(join(packageRoot(), "docs", "reasons.md"), "utf8");
  const sections = text.split(/^## /m).slice(1);
  return new Map(
    sections.map((section) => {
      const [code = "", meaning = ""] = section.split(/\n\s*\n/, 2);
      return [code.trim(), meaning.replaceAll("`", "").replace(/\s+/g, " ").trim()];
    }),
  );
}

/** Contract → what its tests saw, out of `maint test --json`. */
async function readCoverage(file: string): Promise<ReadonlyMap<string, readonly ClauseSeen[]>> {
  const parsed = parseStrictJson(await readFile(file, "utf8"));
  if (!parsed.ok) {
    const { line, column, message } = parsed.error;
    throw new MaintError("MAINT_ERR_JSON", `${file}:${line}:${column}: ${message}`);
  }
  const contracts = isJsonObject(parsed.value) ? parsed.value.get("contracts") : undefined;
  if (!isJsonArray(contracts)) {
    throw new MaintError("MAINT_ERR_JSON", `${file}: no coverage there`, {
      help: "maint test contracts --json > file",
    });
  }
  return new Map(contracts.flatMap(coverageOf));
}

function coverageOf(value: Json): [string, readonly ClauseSeen[]][] {
  if (!isJsonObject(value)) return [];
  const contract = value.get("contract");
  const rows = value.get("coverage");
  if (typeof contract !== "string" || !isJsonArray(rows)) return [];
  return [[contract, rows.flatMap(seenOf)]];
}

function seenOf(row: Json): ClauseSeen[] {
  if (!isJsonObject(row)) return [];
  const line = row.get("line");
  const text = row.get("text");
  if (!isJsonNumber(line) || typeof text !== "string") return [];
  const is = (key: string): boolean => row.get(key) === true;
  return [{ line: Number(line.text), text, satisfied: is("satisfied"), violated: is("violated") || is("unknown") }];
}
