import { vi } from "vitest";
import { runCommandLine } from "../../src/cli/program.ts";

export interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** One command line in this process: exit code and what it printed. */
export async function oneCommand(...args: readonly string[]): Promise<Said> {
  const out: string[] = [];
  const err: string[] = [];
  vi.spyOn(process.stdout, "write").mockImplementation((text) => out.push(String(text)) > 0);
  vi.spyOn(process.stderr, "write").mockImplementation((text) => err.push(String(text)) > 0);
  const code = await runCommandLine(args);
  vi.restoreAllMocks();
  process.exitCode = 0;
  return { code, out: out.join(""), err: err.join("") };
}
