import { join } from "node:path";
import { MaintError } from "../base/maint-error.ts";
import { compile } from "../compiler/index.ts";
import { loadKeyFile } from "../disk/key-file.ts";
import { markDeprecated, prepareRelease } from "../hub/release/sign-release.ts";
import { compareVersions, isVersion, nextVersion, type Version } from "../model/ids.ts";
import type { HubClient } from "./hub-client.ts";

/**
 * The author's part of storing and retiring: it happens here, in the author's own process, with a key that the hub never
 * sees. What is signed is what this process compiled, never a bundle that somebody sent.
 */
export interface StoreRelease {
  readonly hub: HubClient;
  readonly contract: string;
  /** Folder that holds `author.key`. */
  readonly keys: string;
  /** Narrows the push that storing starts; every node the contract binds where it is left out. */
  readonly nodes?: readonly string[];
}

/** Compiles the validated text, signs it as the next version and hands it in. Answers what the hub says. */
export async function storeRelease({ hub, contract, keys, nodes }: StoreRelease): Promise<unknown> {
  const draft = await draftOf(hub, contract);
  const { contracts, diagnostics } = compile([{ name: `${contract}.maint`, text: draft.text }]);
  const compiled = contracts.find(({ id }) => id === contract);
  if (compiled === undefined) {
    const why = diagnostics[0]?.message ?? `the text holds no contract ${contract}`;
    throw new MaintError("MAINT_ERR_COMPILE", `${contract} does not compile here: ${why}`, {
      help: `ask for all of it with: maint contract validate ${contract}`,
    });
  }
  const currentTargets = await targetsOf(hub);
  const prepared = prepareRelease({
    domain: draft.domain,
    contract,
    version: nextVersion(latestStored(currentTargets, draft.domain, contract)),
    text: draft.text,
    bundle: compiled.bytes,
    currentTargets,
    authorKey: loadKeyFile(join(keys, "author.key")),
    nowMs: Date.now(),
  });
  if (!prepared.ok) throw new MaintError("MAINT_ERR_SIGN", prepared.error);
  return hub.post("/v1/releases", { ...prepared.value, ...(nodes === undefined ? {} : { nodes }) });
}

/** Marks a version as deprecated in the signed targets: only with this mark may the hub take it away from nodes. */
export async function signRetirement(
  hub: HubClient,
  release: { readonly domain: string; readonly contract: string; readonly version: Version; readonly reason: string },
  keys: string,
): Promise<string> {
  const authorKey = loadKeyFile(join(keys, "author.key"));
  const marked = markDeprecated(await targetsOf(hub), release, authorKey, Date.now());
  if (!marked.ok) throw new MaintError("MAINT_ERR_SIGN", marked.error);
  return marked.value;
}

async function draftOf(hub: HubClient, contract: string): Promise<{ readonly text: string; readonly domain: string }> {
  const known = (await hub.get(`/v1/contracts/${encodeURIComponent(contract)}?version=draft`)) as {
    readonly status?: unknown;
    readonly text?: unknown;
    readonly domain?: unknown;
  };
  if (typeof known.text !== "string" || typeof known.domain !== "string")
    throw new MaintError("MAINT_ERR_HUB_ANSWER", `the hub's answer holds no text of ${contract}`, { exitCode: 69 });
  if (known.status !== "validated") {
    throw new MaintError("MAINT_ERR_NOT_VALIDATED", `${contract} is ${String(known.status)}, not validated`, {
      help: `maint contract validate ${contract}`,
    });
  }
  return { text: known.text, domain: known.domain };
}

async function targetsOf(hub: HubClient): Promise<string> {
  const { targets } = (await hub.get("/v1/releases/metadata")) as { readonly targets?: unknown };
  if (typeof targets !== "string")
    throw new MaintError("MAINT_ERR_HUB_ANSWER", "the hub's answer holds no targets metadata", { exitCode: 69 });
  return targets;
}

/** The highest version that the signed targets list; undefined before the first. */
function latestStored(targets: string, domain: string, contract: string): Version | undefined {
  const { signed } = JSON.parse(targets) as { readonly signed: { readonly targets: object } };
  const versions = Object.keys(signed.targets).flatMap((path) => {
    const [inDomain, folder, version, file] = path.split("/");
    const ours = inDomain === domain && folder === "maintenance-contracts" && file === `${contract}.maint`;
    return ours && isVersion(version) ? [version] : [];
  });
  return versions.sort(compareVersions).at(-1);
}
