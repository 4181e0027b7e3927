// Makes the runtime as one file that a page or an embedded test program can load: no import but json-rules-engine, and that
// only when it is asked for. Usage: npm run build:runtime [-- --destination FOLDER]; prints the path.

import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const flag = process.argv.indexOf("--destination");
const outDir = resolve(flag < 0 ? join(root, "dist") : (process.argv[flag + 1] ?? "."));

await build({
  root,
  configFile: false,
  logLevel: "error",
  build: {
    outDir,
    emptyOutDir: false,
    minify: true,
    target: "es2022",
    lib: { entry: join(root, "src/runtime/index.ts"), formats: ["es"], fileName: () => "runtime.min.js" },
    rolldownOptions: { external: ["json-rules-engine"], output: { codeSplitting: false, minify: true } },
  },
});
console.log(join(outDir, "runtime.min.js"));
