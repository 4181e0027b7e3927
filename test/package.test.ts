import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { root } from "./tidy/source-files.ts";

// The package as a user gets it: packed, unpacked elsewhere, with the dependencies its manifest names and nothing of ours.
let home = "";
let installed = "";

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), "maint-package-"));
  const tarball = execFileSync(process.execPath, [join(root, "bin/pack.js"), "--destination", home], {
    encoding: "utf8",
  }).trim();
  installed = join(home, "node_modules", "smart-maintenance-hub");
  mkdirSync(installed, { recursive: true });
  execFileSync("tar", ["-xzf", tarball, "-C", installed, "--strip-components=1"]);
  // The dependencies are the clone's own copies, by link: the test must not need a network.
  symlinkSync(join(root, "node_modules"), join(installed, "node_modules"));
  writeFileSync(join(home, "package.json"), '{"type":"module"}');
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

const node = (code: string): string =>
  execFileSync(process.execPath, ["--input-type=module", "-e", code], { cwd: home, encoding: "utf8" });

test("the manifest ships neither our Node nor our tools", () => {
  const manifest = JSON.parse(readFileSync(join(installed, "package.json"), "utf8"));
  expect(Object.keys(manifest)).not.toEqual(expect.arrayContaining(["optionalDependencies"]));
  expect(manifest).not.toHaveProperty("devDependencies");
  expect(manifest).not.toHaveProperty("private");
});

test.each(["runtime", "compiler", "agent", "hub", "ledger"])(
  "./%s can be imported and exports something",
  (subpath) => {
    expect(
      Number(node(`console.log(Object.keys(await import("smart-maintenance-hub/${subpath}")).length)`)),
    ).toBeGreaterThan(0);
  },
);

/** Packages that importing a subpath loads. */
function packagesLoadedBy(subpath: string): string[] {
  const seen = node(`
    import module from "node:module";
    const seen = new Set();
    module.registerHooks({ resolve(specifier, context, next) {
      const found = next(specifier, context);
      if (/^[a-z@]/.test(specifier) && !specifier.startsWith("node:") && found.format !== "builtin") seen.add(specifier);
      return found;
    } });
    await import("smart-maintenance-hub/${subpath}");
    console.log(JSON.stringify([...seen]));
  `);
  return (JSON.parse(seen) as string[]).filter((name) => !name.startsWith("smart-maintenance-hub"));
}

test("./runtime loads no package; json-rules-engine comes only when it is asked for", () => {
  expect(packagesLoadedBy("runtime")).toEqual([]);
});

test("and the way it is looked at sees packages where there are some", () => {
  expect(packagesLoadedBy("compiler")).toContain("chevrotain");
});

test("a crafted path cannot reach the interpreter that json-rules-engine brings", () => {
  const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));
  expect(lock.packages["node_modules/jsonpath-plus"].version).toBe("11.3.0");
  const reference = readFileSync(join(root, "src/runtime/reference.ts"), "utf8");
  expect(reference).toMatch(/pathResolver/);
});

test("the packed command runs", () => {
  const out = execFileSync(process.execPath, [join(installed, "bin/maint.js"), "--version"], {
    cwd: home,
    encoding: "utf8",
  });
  expect(out.trim()).toBe(JSON.parse(readFileSync(join(installed, "package.json"), "utf8")).version);
});

test("the packed agent has every file of the station page", () => {
  const page = "src/agent/station-page";
  const files = readdirSync(join(root, page)).sort();
  expect(files).toContain("index.html");
  expect(readdirSync(join(installed, "dist", page)).sort()).toEqual(files);
});
