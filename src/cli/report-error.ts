import { AssertionFailed } from "../base/assert.ts";
import { MaintError } from "../base/maint-error.ts";

export interface Reported {
  readonly code: string;
  readonly message: string;
  readonly help: string | undefined;
  readonly exitCode: number;
}

/** What the operating system says, in words a person can act on. Keys are Node's `error.code`. */
const SYSTEM_ERRORS: { readonly [code: string]: { readonly words: string; readonly exitCode: number } } = {
  ENOENT: { words: "no such file or folder", exitCode: 2 },
  EEXIST: { words: "is there already", exitCode: 2 },
  EISDIR: { words: "is a folder, a file was expected", exitCode: 2 },
  ENOTDIR: { words: "is a file, a folder was expected", exitCode: 2 },
  EACCES: { words: "no permission", exitCode: 2 },
  EADDRINUSE: { words: "the port is in use; choose another with --port, or leave it out for a free one", exitCode: 69 },
  EADDRNOTAVAIL: { words: "this machine has no such address to listen on", exitCode: 2 },
  ECONNREFUSED: { words: "nobody listens there; is it running?", exitCode: 69 },
  ECONNRESET: { words: "the connection was cut", exitCode: 69 },
  ENOTFOUND: { words: "no such host", exitCode: 69 },
  ENOSPC: { words: "the disk is full", exitCode: 69 },
  EROFS: { words: "the disk is read-only", exitCode: 69 },
};

/** Prints one clear line on standard error (JSON with `json`) and answers the exit code. */
export function reportError(error: unknown, options: { readonly json: boolean; readonly debug: boolean }): number {
  const { code, message, help, exitCode } = describeError(error);
  if (options.json) process.stderr.write(`${JSON.stringify({ error: { code, message, help: help ?? null } })}\n`);
  else process.stderr.write(`maint: ${message}${help === undefined ? "" : `\n  help: ${help}`}\n`);
  if (options.debug && error instanceof Error) process.stderr.write(`${error.stack ?? ""}\n`);
  return exitCode;
}

/** An error in words a person can act on; one that we did not foresee is our own mistake and says so. */
export function describeError(error: unknown): Reported {
  if (error instanceof MaintError)
    return { code: error.code, message: error.message, help: error.help, exitCode: error.exitCode };
  const system = systemError(error) ?? systemError((error as { cause?: unknown } | null)?.cause);
  if (system !== undefined) return system;
  const message = error instanceof Error ? error.message : String(error);
  const code = error instanceof AssertionFailed ? error.code : "MAINT_ERR_INTERNAL";
  return {
    code,
    message: `our own mistake: ${message}`,
    help: "run again with --debug and report what it prints",
    exitCode: 69,
  };
}

function systemError(error: unknown): Reported | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code, path, address, port } = error as NodeJS.ErrnoException & { address?: string; port?: number };
  const known = code === undefined ? undefined : SYSTEM_ERRORS[code];
  if (known === undefined) return undefined;
  const where = path ?? (address === undefined ? undefined : `${address}:${port}`);
  return {
    code: `MAINT_ERR_${code}`,
    message: where === undefined ? known.words : `${where}: ${known.words}`,
    help: undefined,
    exitCode: known.exitCode,
  };
}
