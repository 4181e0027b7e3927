/** Somebody wants the story to end: Ctrl-C, or a signal to this process alone. */
export interface Interruption {
  readonly hasCome: () => boolean;
  readonly comes: Promise<"interrupted">;
  /** Signals end the process again. */
  readonly done: () => void;
}

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** From now on a signal ends nothing by itself: who listens stops what runs, and removes what would stay. */
export function listenForInterruption(): Interruption {
  const comes = Promise.withResolvers<"interrupted">();
  let hasCome = false;
  const interrupt = (): void => {
    hasCome = true;
    comes.resolve("interrupted");
  };
  for (const signal of SIGNALS) process.on(signal, interrupt);
  return {
    hasCome: () => hasCome,
    comes: comes.promise,
    done: () => {
      for (const signal of SIGNALS) process.off(signal, interrupt);
    },
  };
}
