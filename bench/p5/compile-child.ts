/** Checks and lowers so many contracts once, cold, in a process of its own: `node compile-child.ts COUNT`. */
import { compile } from "../../src/compiler/index.ts";
import { contractText } from "./contracts-text.ts";

const count = Number(process.argv[2]);
const sources = Array.from({ length: count }, (_, index) => ({
  name: `line-${index}.maint`,
  text: contractText(index),
}));
const start = performance.now();
const { contracts, diagnostics } = compile(sources);
const ms = performance.now() - start;
const rssMb = process.resourceUsage().maxRSS / 1024;
const errors = diagnostics.filter(({ severity }) => severity === "error").length;
console.log(JSON.stringify({ ms, rssMb, bundles: contracts.length, errors, warnings: diagnostics.length - errors }));
