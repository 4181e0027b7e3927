import { askGate } from "./ask-gate.ts";
import { plainGateWords } from "./gate-words.ts";

/** Entry of `bin/maint.js`. `args` are the words behind `maint`. Sets process.exitCode, never throws. */
export async function main(args: readonly string[]): Promise<void> {
  // `maint … | head` closes our output before we are done: that is no mistake of anybody's.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit();
    throw error;
  });
  // A station asks the gate before every test: its plain form goes the quick way.
  const asked = args[0] === "gate" ? plainGateWords(args.slice(1)) : undefined;
  if (asked === undefined) {
    const { runCommandLine } = await import("./program.ts");
    process.exitCode = await runCommandLine(args);
    return;
  }
  try {
    await askGate(asked);
  } catch (error) {
    const { reportError } = await import("./report-error.ts");
    process.exitCode = reportError(error, { json: asked.json === true, debug: false });
  }
}
