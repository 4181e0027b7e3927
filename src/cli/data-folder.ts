import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { MaintError } from "../base/maint-error.ts";

/** Where things lie when the command line does not say: `--data`, else MAINT_DATA, else ./maint-data. */
export const dataFolder = (given: string | undefined): string => given ?? process.env["MAINT_DATA"] ?? "maint-data";

/** Keys and tokens of people, never inside the data folder: `--keys`, else MAINT_KEYS, else ./maint-keys. */
export const keysFolder = (given: string | undefined): string => given ?? process.env["MAINT_KEYS"] ?? "maint-keys";

/** The address file a hub or an agent writes when it listens, `{url, pid}`; undefined where none runs. */
export function addressIn(file: string): string | undefined {
  if (!existsSync(file)) return undefined;
  try {
    const { url } = JSON.parse(readFileSync(file, "utf8")) as { readonly url?: unknown };
    return typeof url === "string" ? url : undefined;
  } catch (error) {
    throw new MaintError("MAINT_ERR_ADDRESS", `${file}: is no address file`, { cause: error });
  }
}

/** `--hub`, else MAINT_HUB, else what the hub of this data folder wrote. @throws MaintError 69 where none is known */
export function hubUrl(given: string | undefined, data: string | undefined): string {
  const folder = dataFolder(data);
  const url = given ?? process.env["MAINT_HUB"] ?? addressIn(join(folder, "hub", "address.json"));
  if (url === undefined) {
    throw new MaintError("MAINT_ERR_NO_HUB", `no hub runs in ${folder}`, {
      exitCode: 69,
      help: "start one with `maint hub start`, or name one with --hub URL",
    });
  }
  return mustBeHttp(url);
}

/** @throws MaintError MAINT_ERR_URL for what is no http or https address */
export function mustBeHttp(url: string): string {
  if (/^https?:$/.test(URL.parse(url)?.protocol ?? "")) return url;
  throw new MaintError("MAINT_ERR_URL", `"${url}" is no address; write it as http://127.0.0.1:8420`);
}
