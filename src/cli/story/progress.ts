import { styleText } from "node:util";

const SHOW_AFTER_MS = 1_000;
const FRAME_MS = 120;
const QUIET_LINE_EVERY_MS = 5_000;
const FRAMES = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

/**
 * Does `work` and, when it takes longer than a second, shows that it goes on: a moving line on a terminal, a plain line
 * every five seconds elsewhere (so that a log stays readable).
 */
export async function withProgress<T>(what: string, out: NodeJS.WriteStream, work: () => Promise<T>): Promise<T> {
  const began = Date.now();
  const seconds = () => `${((Date.now() - began) / 1000).toFixed(0)} s`;
  let frame = 0;
  let shown = false;
  let nextQuietLineMs = SHOW_AFTER_MS;
  const timer = setInterval(() => {
    const elapsedMs = Date.now() - began;
    if (elapsedMs < SHOW_AFTER_MS) return;
    if (out.isTTY) {
      shown = true;
      out.write(`\r\u001b[2K  ${styleText("cyan", FRAMES[frame++ % FRAMES.length] as string)} ${what} … ${seconds()}`);
    } else if (elapsedMs >= nextQuietLineMs) {
      nextQuietLineMs = elapsedMs + QUIET_LINE_EVERY_MS;
      out.write(`  … ${what}, ${seconds()}\n`);
    }
  }, FRAME_MS);
  try {
    return await work();
  } finally {
    clearInterval(timer);
    if (shown) out.write("\r\u001b[2K");
  }
}
