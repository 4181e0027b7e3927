import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";

const CANDIDATES = [
  process.env["CHROMIUM"] ?? "",
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
];

/** A browser of this machine; undefined where it has none: whoever needs one says that he skips. */
export const chromiumPath: string | undefined = CANDIDATES.find((path) => path !== "" && existsSync(path));

/** Headless, without a sandbox (tests may run as root), and with nothing of its own to ask the network for. */
export function openBrowser(): Promise<Browser> {
  if (chromiumPath === undefined) throw new Error("no Chromium on this machine");
  return chromium.launch({
    executablePath: chromiumPath,
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"],
  });
}

if (chromiumPath === undefined) process.stderr.write("no Chromium here: tests that need a browser are skipped\n");
