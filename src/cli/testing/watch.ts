import { type FSWatcher, watch } from "node:fs";
import { stat } from "node:fs/promises";
import { dirname } from "node:path";

/** An editor writes a file in several steps; what comes within this time is one change. */
const SETTLE_MS = 100;

export interface Watching {
  readonly close: () => void;
}

/**
 * Calls `changed` after contracts or facts files behind the paths were written, never twice at once.
 * A file is watched through its folder, because editors put a new file in the place of the old one.
 */
export async function watchContracts(paths: readonly string[], changed: () => Promise<void>): Promise<Watching> {
  const folders = new Set<string>();
  for (const path of paths) folders.add((await stat(path)).isDirectory() ? path : dirname(path));
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  let again = false;
  const run = (): void => {
    again = running !== undefined;
    running ??= changed().finally(() => {
      running = undefined;
      if (again) run();
    });
  };
  const hear = (_: string, file: string | null): void => {
    if (file !== null && !/\.(maint|json)$/.test(file)) return;
    clearTimeout(timer);
    timer = setTimeout(run, SETTLE_MS);
  };
  const watchers: FSWatcher[] = [...folders].map((folder) => watch(folder, { recursive: true }, hear));
  return {
    close: () => {
      clearTimeout(timer);
      for (const watcher of watchers) watcher.close();
    },
  };
}
