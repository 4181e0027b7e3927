import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { parseBlobFrame } from "../../src/agent/frames.ts";
import { digestOf } from "../../src/agent/verification.ts";
import type { Digest } from "../../src/model/ids.ts";
import { MAX_METADATA_BYTES } from "../../src/model/limits.ts";
import type { Desired, DesiredContract } from "../../src/model/message.ts";
import { flipKept, flipMetadata } from "./flips.ts";
import { DAY_MS, Plant } from "./plant.ts";
import { openStation, type Station } from "./station.ts";
import {
  alias,
  type MetaFileJson,
  type RootJson,
  type Signer,
  seal,
  sealAnything,
  type TargetsJson,
} from "./tuf-repository.ts";

/** Abuse cases 01 to 13, each with the outcome that docs/abuse-cases.md asks for. Control: what each begins with is taken. */

let plant: Plant;
let station: Station;
let one: DesiredContract;
const table: { contract: DesiredContract | undefined } = { contract: undefined };

beforeEach(async () => {
  plant = new Plant(["uv", "mt"]);
  one = plant.release("v1.0", "first");
  table.contract = plant.release("v1.0", "first", { contract: "UV-B" });
  station = await openStation(plant);
  expect(await station.take(signed())).toBe("activated");
});
afterEach(() => station.close());

const both = (): Desired["contracts"] => ({ "UV-A": one, "UV-B": table.contract as DesiredContract });

/** The next generation of what the plant serves. */
function signed(contracts = both(), change: (desired: Desired) => Desired = (desired) => desired) {
  plant.generation += 1;
  return plant.sign(change(plant.desired(contracts)));
}

/** Refused with the word, the old set in force also after a restart, an alert out and an entry in the ledger. */
async function refusedAs(reason: string, set: ReturnType<typeof signed>): Promise<void> {
  const before = station.generation();
  expect(await station.take(set)).toBe(reason);
  expect(station.alerts.at(-1)).toBe(reason);
  expect(station.recorded()).toContain(reason);
  expect(await station.restart()).toBe("ready");
  expect(station.generation()).toBe(before);
  station.alerts.length = 0;
}

/** The served metadata with one document put in the place of another. */
function serving(role: string, bytes: Buffer): void {
  plant.repo.put(role, plant.repo.documentOf(role).version, bytes);
}

const signersOf = (role: string): readonly Signer[] => plant.repo.signers.get(role) ?? [];

describe("AB-01: signature removed, or an empty list of signatures", () => {
  test.each(["timestamp", "snapshot", "targets", "uv"])("%s", async (role) => {
    plant.repo.publish(role, "snapshot", "timestamp");
    serving(role, sealAnything(plant.repo.documentOf(role), []));
    if (role !== "timestamp") plant.repo.publish(...(role === "snapshot" ? [] : ["snapshot"]), "timestamp");
    await refusedAs("signature-missing", signed());
  });
  test("the desired set", () => refusedAs("signature-missing", { ...signed(), signature: "" }));
});

describe("AB-02: one byte flipped", () => {
  test("every byte of metadata and bundles under its own name: refused", () => {
    const { flips, accepted, thrown } = flipMetadata(1);
    expect(flips).toBeGreaterThan(9_000);
    expect({ accepted, thrown }).toEqual({ accepted: 0, thrown: 0 });
  });
  test("control: a node that only reads what it is given lets most of them pass", () => {
    const readable = (copies: Plant) => [...copies.blobs.values()].every((bytes) => bytes.length > 0);
    expect(flipMetadata(1, readable).accepted).toBeGreaterThan(1_000);
  });
  test("every byte of what a node keeps on its disk: refused, or the same as before", async () => {
    const { flips, changed, thrown } = await flipKept(1);
    expect(flips).toBeGreaterThan(2_000);
    expect({ changed, thrown }).toEqual({ changed: 0, thrown: 0 });
  });
});

describe("AB-03: an older version, correctly signed", () => {
  test("of the metadata", async () => {
    const old = plant.desired(both()).metadata;
    plant.repo.publish("timestamp");
    expect(await station.take(signed())).toBe("activated");
    await refusedAs(
      "version-regression",
      signed(both(), (desired) => ({ ...desired, metadata: old })),
    );
  });
  test("of the desired set", async () => {
    const old = plant.sign(plant.desired(both()));
    plant.repo.publish("timestamp");
    expect(await station.take(signed())).toBe("activated");
    await refusedAs("version-regression", old);
  });
  test("of a delegated role", async () => {
    plant.release("v1.1", "same");
    expect(await station.take(signed())).toBe("activated");
    plant.repo.snapshot.meta["uv.json"] = { version: plant.repo.documentOf("uv").version - 1 };
    plant.repo.publish("snapshot", "timestamp");
    await refusedAs("version-regression", signed());
  });
  test("of a delegated role that this node never looked into", async () => {
    plant.repo.publish("mt", "snapshot", "timestamp");
    expect(await station.take(signed())).toBe("activated");
    plant.repo.snapshot.meta["mt.json"] = { version: 1 };
    plant.repo.publish("snapshot", "timestamp");
    await refusedAs("version-regression", signed());
  });
});

describe("AB-04: the same version with other content", () => {
  test("of a bundle", async () => {
    const other = plant.release("v1.0", "same", { text: "weaker" });
    await refusedAs("content-mismatch", signed({ ...both(), "UV-A": other }));
  });
  test.each(["timestamp", "snapshot", "uv"])("of %s", async (role) => {
    const document = plant.repo.documentOf(role) as MetaFileJson | TargetsJson;
    document["x-other"] = true;
    serving(role, seal(document, signersOf(role)));
    if (role !== "timestamp") plant.repo.publish(...(role === "snapshot" ? [] : ["snapshot"]), "timestamp");
    await refusedAs("content-mismatch", signed());
  });
  test("of a generation", async () => {
    const { generation } = plant;
    plant.repo.publish("timestamp");
    await refusedAs(
      "content-mismatch",
      signed(both(), (desired) => ({ ...desired, generation })),
    );
  });
});

describe("AB-05: versions run up by a thief", () => {
  const runUp = async (): Promise<void> => {
    Object.assign(plant.repo.snapshot, { version: 2 ** 31 - 2 });
    Object.assign(plant.repo.timestamp, { version: 2 ** 31 - 2 });
    plant.repo.publish("snapshot", "timestamp");
    expect(await station.take(signed())).toBe("activated");
    Object.assign(plant.repo.snapshot, { version: 4 });
    Object.assign(plant.repo.timestamp, { version: 4 });
  };
  test("a good lower one is refused while the keys are the same", async () => {
    await runUp();
    plant.repo.publish("snapshot", "timestamp");
    await refusedAs("version-regression", signed());
  });
  test("a root that rotates the keys of both frees them, and the run-up ones do not come back", async () => {
    await runUp();
    const high = plant.desired(both()).metadata;
    for (const role of ["snapshot", "timestamp"]) plant.repo.rotate(role);
    plant.repo.publish("root", "snapshot", "timestamp");
    expect(await station.take(signed())).toBe("activated");
    const { root } = plant.desired(both()).metadata;
    await refusedAs(
      "signature-invalid",
      signed(both(), (desired) => ({ ...desired, metadata: { ...high, root } })),
    );
  });
  test("where the bytes of the old documents are gone, the mark still binds", async () => {
    await runUp();
    for (const role of ["snapshot", "timestamp"]) plant.repo.rotate(role);
    plant.repo.publish("root", "snapshot", "timestamp");
    const before = plant.take(plant.sign(plant.desired(both())));
    expect(before).toBe("accepted");
    plant.repo.publish("timestamp");
    const mark = plant.active?.mark;
    plant.blobs.delete(mark?.timestamp.digest as Digest);
    plant.blobs.delete(mark?.snapshot.digest as Digest);
    Object.assign(plant.repo.timestamp, { version: 1 });
    plant.repo.publish("timestamp");
    const kept = plant.sign({ ...plant.desired(both()), generation: plant.generation + 1 });
    plant.blobs.delete(mark?.timestamp.digest as Digest);
    expect(plant.take(kept)).toBe("version-regression");
  });
  test.each([2 ** 31, 2 ** 53 - 1])("version %d is refused outright", async (version) => {
    Object.assign(plant.repo.timestamp, { version: version - 1 });
    plant.repo.publish("timestamp");
    await refusedAs("format-unsupported", signed());
  });
});

test("AB-06: the same timestamp replayed after its expiry: nothing new is taken, the set in force goes on", async () => {
  plant.repo.timestamp.expires = new Date(plant.nowMs + DAY_MS).toISOString();
  plant.repo.publish("timestamp");
  expect(await station.take(signed())).toBe("activated");
  plant.nowMs += 2 * DAY_MS;
  await refusedAs("expired", signed());
  expect(await station.restart(plant.nowMs + 400 * DAY_MS)).toBe("ready");
});

describe("AB-07: parts that were never released together", () => {
  test.each(["snapshot", "targets"] as const)("%s of another moment", async (role) => {
    const before = plant.desired(both()).metadata;
    plant.release("v1.1", "same");
    plant.repo.publish("targets", "snapshot", "timestamp");
    await refusedAs(
      "metadata-mismatch",
      signed(both(), (desired) => ({ ...desired, metadata: { ...desired.metadata, [role]: before[role] } })),
    );
  });
  test("a delegated role of another moment", async () => {
    const { uv = "" } = plant.desired(both()).metadata.delegated ?? {};
    plant.release("v1.1", "same");
    await refusedAs(
      "metadata-mismatch",
      signed(both(), (desired) => ({
        ...desired,
        metadata: { ...desired.metadata, delegated: { ...desired.metadata.delegated, uv } },
      })),
    );
  });
  test("one bad bundle: none of the set is activated", async () => {
    const two = plant.release("v1.1", "same");
    const wrong = { ...plant.release("v1.1", "same", { contract: "UV-B" }), digest: plant.put("{}") };
    await refusedAs("digest-mismatch", signed({ "UV-A": two, "UV-B": wrong }));
  });
});

describe("AB-08: a part withheld", () => {
  test("a contract left out", () => refusedAs("unassigned", signed({ "UV-A": one })));
  test("the bytes of a bundle", async () => {
    const two = plant.release("v1.1", "same");
    plant.blobs.delete(two.digest);
    await refusedAs("digest-mismatch", signed({ ...both(), "UV-A": two }));
  });
  test("the bytes of a delegated role", async () => {
    plant.release("v1.1", "same");
    await refusedAs(
      "metadata-mismatch",
      signed(both(), (desired) => ({ ...desired, metadata: { ...desired.metadata, delegated: {} } })),
    );
  });
});

test("AB-09: the right signature, for another node", () =>
  refusedAs(
    "wrong-audience",
    signed(both(), (desired) => ({ ...desired, node: "Pen-2" })),
  ));

describe("AB-10: endless data", () => {
  test("a blob that unpacks to more than a blob may be is no frame", () => {
    const bomb = Buffer.concat([Buffer.alloc(32), gzipSync(Buffer.alloc(64 << 20))]);
    const before = process.memoryUsage().arrayBuffers;
    expect(parseBlobFrame(bomb)).toMatchObject({ ok: false, error: { code: "bad-frame" } });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 << 20);
  });
  test.each(["timestamp", "snapshot", "targets"] as const)("%s of more bytes than it may have", async (role) => {
    plant.repo.publish(role);
    const bytes = seal(plant.repo.documentOf(role), signersOf(role));
    serving(role, Buffer.concat([bytes, Buffer.alloc(MAX_METADATA_BYTES[role] + 1 - bytes.length, " ")]));
    if (role !== "timestamp") plant.repo.publish(...(role === "snapshot" ? [] : ["snapshot"]), "timestamp");
    await refusedAs("format-unsupported", signed());
  });
});

describe("AB-11: one signing key stolen", () => {
  test.each(["root", "targets", "uv-loosening"])("%s signed by that key alone", async (role) => {
    plant.repo.signers.set(role, signersOf(role).slice(0, 1));
    plant.repo.publish(role, ...(role === "root" ? [] : ["snapshot"]), "timestamp");
    const loosened = role === "uv-loosening" ? plant.release("v1.1", "loosens", { role }) : one;
    await refusedAs("threshold", signed({ ...both(), "UV-A": loosened }));
  });
  test("a rotation drill: the next set is by the new root, and the stolen key is nobody's", async () => {
    const [stolen] = signersOf("timestamp");
    plant.repo.rotate("timestamp");
    plant.repo.publish("root", "timestamp");
    expect(await station.take(signed())).toBe("activated");
    plant.generation += 1;
    await refusedAs("signature-invalid", plant.sign(plant.desired(both()), stolen));
  });
  test("a node that was offline for fifty rotations catches up in one set", async () => {
    for (let rotation = 0; rotation < 50; rotation++) {
      plant.repo.rotate("root", "root", 3, 2);
      plant.repo.publish("root");
      const { keyids } = plant.repo.roleOf("root");
      plant.repo.signers.set(
        "root",
        signersOf("root").filter(({ keyId }) => keyids.includes(keyId)),
      );
    }
    plant.repo.publish("timestamp");
    expect(await station.take(signed())).toBe("activated");
    expect(await station.restart()).toBe("ready");
  });
});

describe("AB-12: one key that stands for two", () => {
  test("two signatures by one id", async () => {
    const [signer] = signersOf("uv-loosening");
    plant.repo.publish("uv-loosening");
    serving("uv-loosening", sealAnything(plant.repo.documentOf("uv-loosening"), [signer as Signer, signer as Signer]));
    plant.repo.publish("snapshot", "timestamp");
    const loosened = plant.release("v1.1", "same", { role: "uv" });
    // A search that ends in `uv` never asks the other role; one that does not end there does.
    await refusedAs(
      "format-unsupported",
      signed({ ...both(), "UV-A": { ...loosened, target: loosened.target.replace("v1.1", "v1.2"), version: "v1.2" } }),
    );
  });
  test.each(["timestamp", "uv-loosening"])("one key under two ids, %s", async (role) => {
    const [signer] = signersOf(role);
    const parent = role === "timestamp" ? "root" : "targets";
    plant.repo.roleOf(role, parent).keyids = [];
    plant.repo.signers.set(role, []);
    plant.repo.addKey(role, parent, signer as Signer);
    plant.repo.addKey(role, parent, alias(signer as Signer));
    plant.repo.roleOf(role, parent).threshold = 2;
    plant.repo.publish(parent, role, "snapshot", "timestamp");
    const loosened = role === "timestamp" ? one : plant.release("v1.1", "loosens", { role });
    await refusedAs("threshold", signed({ ...both(), "UV-A": loosened }));
  });
});

/** What the online key can do on its own: say that time passed, and be believed no longer than the timestamp's life. */
describe("AB-13: the online key stolen", () => {
  const forge = (
    role: "snapshot" | "uv" | "root",
    change: (document: RootJson | MetaFileJson | TargetsJson) => void,
  ): void => {
    const [thief] = signersOf("timestamp");
    const document = plant.repo.documentOf(role);
    document.version += 1;
    change(document);
    serving(role, seal(document, [thief as Signer]));
    plant.repo.publish(...(role === "snapshot" ? [] : ["snapshot"]), "timestamp");
  };
  test("it installs no bundle", async () => {
    const weaker = JSON.stringify({ contract: "UV-A", text: "weaker" });
    const target = "uv/maintenance-contracts/v1.1/UV-A.bundle.json";
    forge("uv", (document) => {
      const hashes = { sha256: digestOf(Buffer.from(weaker)).slice("sha256:".length) };
      (document as TargetsJson).targets[target] = { length: weaker.length, hashes, custom: { direction: "same" } };
    });
    const wanted = { ...one, version: "v1.1", target, digest: plant.put(weaker), size: weaker.length };
    await refusedAs("signature-invalid", signed({ ...both(), "UV-A": wanted }));
  });
  test.each(["snapshot", "root"] as const)("it makes no %s where the key is of the timestamp alone", async (role) => {
    forge(role, () => undefined);
    await refusedAs("signature-invalid", signed());
  });
  test("it takes no contract away", async () => {
    await refusedAs("unassigned", signed({}));
    await refusedAs("unassigned", signed({ ...both(), "UV-A": { ...one, mode: "shadow" } }));
  });
  test("it can hold everything back, until the timestamp's own expiry says so", async () => {
    plant.repo.publish("timestamp");
    expect(await station.take(signed())).toBe("activated");
    plant.nowMs += 31 * DAY_MS;
    await refusedAs("expired", signed());
  });
});
