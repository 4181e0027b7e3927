import { spawn } from "node:child_process";
import { accessSync, constants, existsSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { MaintError } from "../base/maint-error.ts";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "msedge"];
const TIMEOUT_MS = 120_000;

/**
 * Prints a page of ours, which has no script and asks for nothing outside, with the Chromium that is there.
 * @throws MaintError MAINT_ERR_NO_BROWSER where there is none, or it does not answer
 */
export async function printToPdf(page: string, pdf: string): Promise<void> {
  const browser = findBrowser();
  // Chromium refuses its sandbox to root.
  const asRoot = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  const words = ["--headless", "--disable-gpu", ...asRoot, "--no-pdf-header-footer", `--print-to-pdf=${resolve(pdf)}`];
  const child = spawn(browser, [...words, pathToFileURL(resolve(page)).href], {
    stdio: "ignore",
    timeout: TIMEOUT_MS,
  });
  const code = await new Promise<number | null>((done, failed) => {
    child.once("error", failed);
    child.once("close", done);
  });
  if (code === 0 && existsSync(pdf)) return;
  throw new MaintError("MAINT_ERR_NO_BROWSER", `${browser} ended with ${code ?? "a signal"} and made no PDF`, {
    exitCode: 69,
    help: `the page itself is written: print ${page} from a browser`,
  });
}

function findBrowser(): string {
  const named = process.env["MAINT_CHROMIUM"];
  const folders = (process.env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  const known = named === undefined ? folders.flatMap((folder) => NAMES.map((name) => join(folder, name))) : [named];
  const found = known.find(isProgram);
  if (found !== undefined) return found;
  throw new MaintError("MAINT_ERR_NO_BROWSER", "no Chromium is on this machine", {
    exitCode: 69,
    help: "install one, name it in MAINT_CHROMIUM, or leave --pdf out and print the page from a browser",
  });
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
