import { runCommandLine } from "./program.ts";

/** Entry of `bin/maint.js`. `args` are the words behind `maint`. Sets process.exitCode, never throws. */
export async function main(args: readonly string[]): Promise<void> {
  // `maint … | head` closes our output before we are done: that is no mistake of anybody's.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit();
    throw error;
  });
  process.exitCode = await runCommandLine(args);
}
