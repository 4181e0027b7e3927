import { type FileHandle, mkdir, open, rename, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { oneAtATime } from "../../../base/one-at-a-time.ts";
import { type Channel, failed, type Message, type Outcome } from "../notice.ts";

export interface FileSinkOptions {
  readonly path: string;
  /** At which the file becomes `path.1`, the one before `path.2`, and so on. */
  readonly maxBytes: number;
  /** Older files that are kept. */
  readonly keep: number;
}

/** A JSON line a message, on the disk before it counts as delivered. */
export function fileSink(options: FileSinkOptions): Channel {
  const serially = oneAtATime();
  return {
    kind: "file",
    send: (message) => serially(() => write(options, message)),
    close: () => undefined,
  };
}

async function write(options: FileSinkOptions, message: Message): Promise<Outcome> {
  let handle: FileHandle | undefined;
  try {
    await mkdir(dirname(options.path), { recursive: true });
    await rotate(options);
    handle = await open(options.path, "a+", 0o600);
    const begin = (await endsCut(handle)) ? "\n" : "";
    await handle.appendFile(`${begin}${JSON.stringify(message)}\n`);
    await handle.sync();
    return { kind: "delivered" };
  } catch (error) {
    return failed(error);
  } finally {
    await handle?.close();
  }
}

/** A line that a crash cut off must not take the next one with it; its own message comes again. */
async function endsCut(handle: FileHandle): Promise<boolean> {
  const { size } = await handle.stat();
  if (size === 0) return false;
  const last = Buffer.alloc(1);
  await handle.read(last, 0, 1, size - 1);
  return last.toString() !== "\n";
}

async function rotate({ path, maxBytes, keep }: FileSinkOptions): Promise<void> {
  if ((await sizeOf(path)) < maxBytes) return;
  for (let age = keep - 1; age >= 1; age--)
    if ((await sizeOf(`${path}.${age}`)) >= 0) await rename(`${path}.${age}`, `${path}.${age + 1}`);
  await rename(path, `${path}.1`);
}

/** -1 where there is no such file. */
async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return -1;
    throw error;
  }
}
