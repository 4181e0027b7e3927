/** How a process ends: 0 fine, 1 findings, 2 usage or bad input, 10 blocked, 69 unavailable. Source: the house's exit code table. */
export type ExitCode = 0 | 1 | 2 | 10 | 69;

/**
 * An operating error (disk, socket, input) on its way to a person: one clear line, a stable code, an honest exit code.
 * `code` is upper snake case behind `MAINT_ERR_` and is listed in docs/errors.md.
 */
export class MaintError extends Error {
  readonly code: `MAINT_ERR_${string}`;
  readonly exitCode: ExitCode;
  readonly help: string | undefined;

  constructor(
    code: `MAINT_ERR_${string}`,
    message: string,
    options: { exitCode?: ExitCode; help?: string; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.code = code;
    this.exitCode = options.exitCode ?? 2;
    this.help = options.help;
  }
}
