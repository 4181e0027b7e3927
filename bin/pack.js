// Makes the package that users install, in a folder of its own: the clone's package.json would hand them our Node
// (optionalDependencies) and our scripts.
// Usage: npm run pack [-- --destination FOLDER]; prints the path of the .tgz.

import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const flag = process.argv.indexOf("--destination");
const destination = resolve(flag < 0 ? "." : (process.argv[flag + 1] ?? "."));
const staged = mkdtempSync(join(tmpdir(), "maint-pack-"));
process.on("exit", () => rmSync(staged, { recursive: true, force: true }));

const run = (command, args, cwd) => {
  const done = spawnSync(command, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
  if (done.status !== 0) {
    console.error(`${command} ${args.join(" ")} failed:\n${done.stdout ?? done.error}`);
    process.exit(1);
  }
  return done.stdout;
};

run(join(root, "node_modules", ".bin", "tsc"), ["-p", "tsconfig.build.json", "--outDir", join(staged, "dist")], root);
// The station page is plain files, which no compiler carries over.
cpSync(join(root, "src", "agent", "station-page"), join(staged, "dist", "src", "agent", "station-page"), {
  recursive: true,
});
run(process.execPath, [join(root, "bin", "bundle-runtime.js"), "--destination", join(staged, "dist")], root);
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
for (const path of manifest.files) {
  if (path === "dist" || path.includes("*")) continue;
  mkdirSync(dirname(join(staged, path)), { recursive: true });
  cpSync(join(root, path), join(staged, path), { recursive: true });
}
const {
  private: _,
  scripts: __,
  devDependencies: ___,
  optionalDependencies: ____,
  overrides: _____,
  ...shipped
} = manifest;
writeFileSync(join(staged, "package.json"), `${JSON.stringify(shipped, null, 2)}\n`);
mkdirSync(destination, { recursive: true });
const packed = JSON.parse(
  run("npm", ["pack", "--json", "--loglevel=error", "--pack-destination", destination], staged),
);
const entry = Array.isArray(packed) ? packed[0] : Object.values(packed)[0];
console.log(join(destination, entry.filename));
