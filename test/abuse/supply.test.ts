import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "../tidy/source-files.ts";

// Abuse case 40: a package that brings more than was looked at.

interface Manifest {
  readonly [group: string]: { readonly [name: string]: string } | undefined;
}
interface Locked {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly hasInstallScript?: boolean;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly link?: boolean;
}

const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Manifest;
const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as {
  readonly packages: { readonly [path: string]: Locked };
};

/** What a user's machine runs. A name that is not here was not looked at: look, then add it. */
const SHIPPED = [
  ...["@hono/node-server", "@hono/zod-openapi", "@clack/prompts", "@tufjs/canonical-json", "@tufjs/models"],
  ...["@xmldom/xmldom", "asn1js", "chevrotain", "commander", "csv-parse", "fs-extra", "hono", "jose", "nodemailer"],
  ...["json-rules-engine", "kysely", "pkijs", "tuf-js", "ws", "xml-crypto", "yaml", "zod"],
];

test("AB-40: every version is pinned, and what ships is on the list", () => {
  for (const group of ["dependencies", "devDependencies", "optionalDependencies", "overrides"])
    for (const [name, version] of Object.entries(manifest[group] ?? {}))
      expect(`${name} ${version}`).toMatch(/^\S+ \d+\.\d+\.\d+$/);
  const unlisted = Object.keys(manifest["dependencies"] ?? {}).filter((name) => !SHIPPED.includes(name));
  expect(unlisted).toEqual([]);
});

/** Packages that could change under us: without a hash of their bytes, or from somewhere else than a registry. */
const loose = (packages: { readonly [path: string]: Locked }): readonly string[] =>
  Object.entries(packages).flatMap(([path, { integrity, resolved, link }]) => {
    if (path === "") return [];
    const sound =
      link !== true && /^sha512-/.test(integrity ?? "") && (resolved === undefined || /^https:/.test(resolved));
    return sound ? [] : [path];
  });

test("AB-40: the lockfile holds the hash of every package", () => {
  expect(loose(lock.packages)).toEqual([]);
  expect(Object.keys(lock.packages).length).toBeGreaterThan(50);
});

/** Packages that run a program of their own when they are installed. */
const withScripts = (packages: { readonly [path: string]: Locked }): readonly string[] =>
  Object.entries(packages).flatMap(([path, one]) => (one.hasInstallScript === true ? [path] : []));

test("AB-40: installation runs no program of a package", () => {
  const install = readFileSync(join(root, "bin/install.js"), "utf8");
  expect(install).toMatch(/"--ignore-scripts"/);
  // What asks for one works without it; nothing that ships asks.
  expect(withScripts(lock.packages).filter((path) => lock.packages[path]?.dev !== true)).toEqual([]);
});

test("control: a package without a hash, from a folder, or with a script is found", () => {
  expect(loose({ "node_modules/a": { version: "1.0.0" } })).toEqual(["node_modules/a"]);
  expect(loose({ "node_modules/a": { integrity: "sha512-x", resolved: "file:../a" } })).toEqual(["node_modules/a"]);
  expect(loose({ "node_modules/a": { integrity: "sha512-x" } })).toEqual([]);
  expect(withScripts({ "node_modules/a": { hasInstallScript: true } })).toEqual(["node_modules/a"]);
});
