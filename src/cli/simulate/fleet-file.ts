import { createPrivateKey } from "node:crypto";
import { existsSync } from "node:fs";
import { MaintError } from "../../base/maint-error.ts";
import { makeSigningKey, type SigningKey, tufKey } from "../../disk/key-file.ts";
import { readSecretFile } from "../../disk/read-secret.ts";
import { makeSecretFile } from "../../disk/secret-file.ts";
import type { HubClient } from "../hub-client.ts";

/** The keys of simulated nodes and what they trust: 0600, as any key file. */
export interface Fleet {
  readonly hub: string;
  /** The root metadata that enrolment gave. */
  readonly root: string;
  readonly nodes: readonly FleetNode[];
}

export interface FleetNode {
  readonly id: string;
  readonly key: SigningKey;
}

interface FleetText {
  readonly format: typeof FORMAT;
  readonly hub: string;
  readonly root: string;
  /** PKCS8 DER, base64. */
  readonly nodes: readonly { readonly id: string; readonly key: string }[];
}

const FORMAT = "maint-fleet/1";
const BATCH = 250;
const MAX_FLEET_BYTES = 8 << 20;

export interface NewFleet {
  readonly prefix: string;
  readonly count: number;
  readonly stationType: string;
  readonly plantZone: string;
  readonly enrolled: (count: number) => void;
}

/** Registers and enrols nodes in batches, each with a key of its own, and writes their file. @throws MaintError as the hub refuses */
export async function makeFleet(path: string, hub: HubClient, wanted: NewFleet): Promise<void> {
  const { prefix, count, stationType: type, plantZone } = wanted;
  const nodes: { readonly id: string; readonly key: string }[] = [];
  let trust = { hub: "", root: "" };
  for (let from = 0; from < count; from += BATCH) {
    const ids = Array.from({ length: Math.min(BATCH, count - from) }, (_, index) => `${prefix}-${from + index + 1}`);
    const registers = ids.map((id) => ({ station: { id, type }, plantZone }));
    const { nodes: tokens } = (await hub.post("/v1/nodes/fleet", { registers })) as {
      readonly nodes: readonly { readonly id: string; readonly token: string }[];
    };
    const keys = tokens.map(({ id, token }) => ({ id, token, key: makeSigningKey() }));
    const asked = keys.map(({ id, token, key }) => ({ node: id, token, publicKey: key.publicHex }));
    trust = (await hub.post("/v1/enrol/fleet", { nodes: asked })) as { readonly hub: string; readonly root: string };
    for (const { id, key } of keys)
      nodes.push({ id, key: key.privateKey.export({ format: "der", type: "pkcs8" }).toString("base64") });
    wanted.enrolled(nodes.length);
  }
  const text: FleetText = { format: FORMAT, hub: trust.hub, root: trust.root, nodes };
  makeSecretFile(path, `${JSON.stringify(text)}\n`);
}

export const fleetExists = (path: string): boolean => existsSync(path);

/** @throws MaintError MAINT_ERR_FLEET_FILE when it is none, MAINT_ERR_SECRET_MODE when others may read it */
export function readFleet(path: string): Fleet {
  const text = readSecretFile(path, MAX_FLEET_BYTES);
  try {
    const { format, hub, root, nodes } = JSON.parse(text) as FleetText;
    if (format !== FORMAT) throw new TypeError("another format");
    return { hub, root, nodes: nodes.map(({ id, key }) => ({ id, key: keyFrom(key) })) };
  } catch {
    // What the parser says may quote a key.
    throw new MaintError("MAINT_ERR_FLEET_FILE", `${path}: is no fleet of simulated nodes`, {
      help: "name a file that `maint node simulate` made, or one that is not there yet",
    });
  }
}

function keyFrom(base64: string): SigningKey {
  const privateKey = createPrivateKey({ key: Buffer.from(base64, "base64"), format: "der", type: "pkcs8" });
  return { ...tufKey(privateKey), privateKey };
}
