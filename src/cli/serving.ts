import { MaintError } from "../base/maint-error.ts";

/** What a process that serves until it is told to stop needs from its surroundings. */
export interface Serving {
  /** Says a line to whoever reads standard output; JSON with `--json`. */
  readonly say: (line: string, fields: object) => void;
  /** Tells the parent process, where there is one that listens. */
  readonly tell: (message: object) => void;
  /** The promises can no longer be kept: end, with this error. */
  readonly fail: (error: unknown) => void;
  /** Fulfilled when it is time to stop; rejected with what `fail` was given once `stop` has run. */
  readonly untilTold: (stop: () => Promise<void>) => Promise<void>;
}

/** The end comes by a `stop` message, SIGTERM, Ctrl-C where there is no parent, or the end of the parent. */
export function serving(options: { readonly json?: boolean }): Serving {
  const hasParent = process.send !== undefined;
  const ended = Promise.withResolvers<void>();
  let failure: { readonly error: unknown } | undefined;
  process.on("SIGTERM", () => ended.resolve());
  // Ctrl-C reaches the whole group; a parent that keeps the order of things ends its children itself.
  process.on("SIGINT", () => (hasParent ? undefined : ended.resolve()));
  process.on("disconnect", () => ended.resolve());
  process.on("message", (message) => {
    if ((message as { readonly kind?: unknown } | null)?.kind === "stop") ended.resolve();
  });
  return {
    say: (line, fields) =>
      void process.stdout.write(options.json === true ? `${JSON.stringify(fields)}\n` : `${line}\n`),
    tell: (message) => {
      if (process.connected) process.send?.(message);
    },
    fail: (error) => {
      failure = { error };
      ended.resolve();
    },
    untilTold: async (stop) => {
      await ended.promise;
      await stop();
      if (process.connected) process.disconnect?.();
      if (failure !== undefined) throw failure.error;
    },
  };
}

/** A port as the command line gives it. @throws MaintError MAINT_ERR_PORT */
export function portOf(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new MaintError("MAINT_ERR_PORT", `"${text}" is no port`, { help: "0 to 65535; 0 takes a free one" });
}
