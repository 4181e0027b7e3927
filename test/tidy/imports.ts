import { posix } from "node:path";
import { parseSync } from "vite";
import type { SourceFile } from "./source-files.ts";

/**
 * Who may import whom: ARCHITECTURE.md's table. What is not listed is forbidden. `node:*` allows every Node module.
 * `src/disk` is a room of its own because hub and agent, which never import each other, both keep durable things.
 */
const mayImport: { readonly [room: string]: readonly string[] } = {
  grammar: ["chevrotain"],
  "src/base": [],
  "src/model": ["src/base"],
  "src/ledger": ["src/base", "src/model", "node:crypto"],
  "src/import": [
    ...["src/base", "src/model", "yaml", "csv-parse", "@xmldom/xmldom", "xml-crypto", "pkijs", "asn1js"],
    "node:crypto",
  ],
  "src/compiler": ["grammar", "src/base", "src/model", "node:crypto"],
  "src/runtime": ["src/base", "src/model", "src/ledger", "json-rules-engine"],
  "src/disk": ["src/base", "src/model", "src/ledger", "fs-extra", "node:*"],
  "src/agent": [
    ...["src/base", "src/model", "src/ledger", "src/runtime", "src/disk"],
    ...["ws", "tuf-js", "@tufjs/models", "fs-extra", "node:*"],
  ],
  "src/hub": [
    ...["src/base", "src/model", "src/ledger", "src/compiler", "src/runtime", "src/disk"],
    ...[
      "ws",
      "fs-extra",
      "@tufjs/models",
      "@tufjs/canonical-json",
      "kysely",
      "hono",
      "@hono/node-server",
      "zod",
      "nodemailer",
      "yaml",
      "jose",
    ],
    "node:*",
  ],
};

/** Packages that one file alone may name, so that replacing them touches one file. */
const namedOnce: { readonly [specifier: string]: string } = {
  "json-rules-engine": "src/runtime/reference.ts",
  "node:sqlite": "src/disk/sqlite.ts",
  "tuf-js": "src/agent/verification.ts",
  nodemailer: "src/hub/notices/channels/email.ts",
};

export interface Import {
  readonly from: string;
  /** A path from the root for our own files, else the package or `node:` name. */
  readonly to: string;
  readonly typeOnly: boolean;
  readonly line: number;
}

export function importsOf(file: SourceFile): Import[] {
  const { module } = parseSync(file.path, file.text);
  const lineAt = (offset: number) => file.text.slice(0, offset).split("\n").length;
  const imports: Import[] = [];
  const add = (specifier: string, start: number, typeOnly: boolean) => {
    const to = specifier.startsWith(".") ? posix.join(posix.dirname(file.path), specifier) : packageName(specifier);
    imports.push({ from: file.path, to, typeOnly, line: lineAt(start) });
  };
  for (const item of module.staticImports) {
    const typeOnly = /^import\s+type\b/.test(file.text.slice(item.start, item.end));
    add(item.moduleRequest.value, item.start, typeOnly);
  }
  for (const item of module.staticExports) {
    for (const entry of item.entries) if (entry.moduleRequest) add(entry.moduleRequest.value, item.start, entry.isType);
  }
  for (const item of module.dynamicImports) {
    const literal = /^["'](.*)["']$/.exec(file.text.slice(item.moduleRequest.start, item.moduleRequest.end));
    if (literal) add(literal[1] as string, item.start, false);
  }
  return imports;
}

const packageName = (specifier: string): string =>
  specifier.startsWith("node:")
    ? specifier
    : specifier
        .split("/")
        .slice(0, specifier.startsWith("@") ? 2 : 1)
        .join("/");

const roomOf = (path: string): string =>
  path.startsWith("src/") ? path.split("/").slice(0, 2).join("/") : (path.split("/")[0] as string);

/** Each import that the table forbids, as one line a person can act on. */
export function forbiddenImports(files: readonly SourceFile[]): string[] {
  const findings: string[] = [];
  for (const file of files) {
    const room = roomOf(file.path);
    const allowed = mayImport[room];
    for (const { to, line } of importsOf(file)) {
      const own = to.startsWith("src/") || to.startsWith("grammar/");
      const target = own ? roomOf(to) : to;
      const once = namedOnce[to];
      if (once !== undefined && once !== file.path) findings.push(`${file.path}:${line} names ${to}, only ${once} may`);
      if (allowed === undefined || target === room || allowed.includes(target)) continue;
      if (to.startsWith("node:") && allowed.includes("node:*")) continue;
      if (to === "node:fs" && file.path === "grammar/generate.ts") continue;
      findings.push(`${file.path}:${line} imports ${to}, which ${room} may not`);
    }
  }
  return findings;
}

/** Import cycles among our own files, types included: a cycle of types is a room without a door. */
export function importCycles(files: readonly SourceFile[]): string[] {
  const edges = new Map(files.map((file) => [file.path, importsOf(file).map((item) => item.to)]));
  const state = new Map<string, "open" | "done">();
  const trail: string[] = [];
  const cycles: string[] = [];
  const visit = (path: string): void => {
    if (state.get(path) === "done") return;
    if (state.get(path) === "open") {
      cycles.push([...trail.slice(trail.indexOf(path)), path].join(" → "));
      return;
    }
    state.set(path, "open");
    trail.push(path);
    for (const next of edges.get(path) ?? []) if (edges.has(next)) visit(next);
    trail.pop();
    state.set(path, "done");
  };
  for (const path of edges.keys()) visit(path);
  return cycles;
}
