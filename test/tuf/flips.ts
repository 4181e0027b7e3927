import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { randomOf } from "../fuzz/gate-random.ts";
import { runOptions, wholeOption } from "../fuzz/run-options.ts";
import { NODE, Plant } from "./plant.ts";
import { openStation } from "./station.ts";

/**
 * Every byte of everything that a node verifies, with one bit of it turned over. `bits` of the eight, by chance with a seed.
 * Run by hand with three bits of each byte: `node test/tuf/flips.ts --bits 3`.
 */
function* flipped(bytes: Uint8Array, bits: number, salt: number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at++) {
    const next = randomOf(salt, at);
    const first = Math.floor(next() * 8);
    for (let bit = 0; bit < bits; bit++) {
      const copy = Uint8Array.from(bytes);
      copy[at] = (copy[at] as number) ^ (1 << ((first + bit) % 8));
      yield copy;
    }
  }
}

function plantInForce(): Plant {
  const plant = new Plant();
  const one = plant.release("v1.0", "first");
  plant.offer({ "UV-A": one });
  const two = plant.release("v1.1", "tightens");
  const back = plant.assign({ revertTo: [one.digest] }, "uv");
  if (plant.offer({ "UV-A": two }, { "UV-A": back }) !== "accepted") throw new Error("the plant is in order");
  return plant;
}

export interface Flips {
  readonly flips: number;
  readonly accepted: number;
  readonly thrown: number;
}

/** Under their own names, which is what a bad disk or a wire does: a set that rests on any changed byte is refused. */
export function flipMetadata(bits: number, verify?: (plant: Plant) => boolean): Flips {
  const plant = plantInForce();
  const signed = plant.active?.signed;
  if (signed === undefined) throw new Error("something is in force");
  const named = JSON.stringify(signed);
  const holds = verify ?? (() => !("reason" in plant.verify(signed, plant.nowMs, null)));
  let flips = 0;
  let accepted = 0;
  let thrown = 0;
  for (const [digest, bytes] of [...plant.blobs]) {
    if (!named.includes(digest)) continue;
    for (const copy of flipped(bytes, bits, flips)) {
      plant.blobs.set(digest, copy);
      flips += 1;
      try {
        if (holds(plant)) accepted += 1;
      } catch {
        thrown += 1;
      }
    }
    plant.blobs.set(digest, bytes);
  }
  return { flips, accepted, thrown };
}

export interface KeptFlips {
  readonly flips: number;
  /** Starts that stood on something else than before, and were not refused. */
  readonly changed: number;
  readonly thrown: number;
}

/** The state file byte by byte, and the first bytes of every kept file: a start refuses, or stands on the same set as before. */
export async function flipKept(bits: number): Promise<KeptFlips> {
  const plant = plantInForce();
  const signed = plant.active?.signed;
  if (signed === undefined) throw new Error("something is in force");
  const station = await openStation(plant);
  try {
    await station.take(signed);
    const generation = station.generation();
    const path = join(station.folder, "state.json");
    const bytes = readFileSync(path);
    let flips = 0;
    let changed = 0;
    let thrown = 0;
    for (const copy of flipped(bytes, bits, 7)) {
      writeFileSync(path, copy);
      flips += 1;
      try {
        if ((await station.restart()) === "ready" && station.generation() !== generation) changed += 1;
        if (station.generation() === null && station.alerts.length === 0) changed += 1;
      } catch {
        thrown += 1;
      }
      station.alerts.length = 0;
    }
    writeFileSync(path, bytes);
    for (const name of readdirSync(join(station.folder, "kept"))) {
      const file = join(station.folder, "kept", name);
      const good = readFileSync(file);
      for (const copy of flipped(good.subarray(0, 8), bits, 9)) {
        writeFileSync(file, Buffer.concat([copy, good.subarray(8)]));
        flips += 1;
        if ((await station.restart()) === "ready") changed += 1;
      }
      writeFileSync(file, good);
    }
    if ((await station.restart()) !== "ready" || station.generation() !== generation) changed += 1;
    return { flips, changed, thrown };
  } finally {
    station.close();
  }
}

if (import.meta.main) {
  const about = `Turns over bits of every byte that a node verifies or keeps. Exit code 1 where one changes what is in force.`;
  const values = runOptions(about, { bits: { type: "string", default: "3", is: "bits of each byte, 1 to 8" } });
  const bits = wholeOption(values, "bits", 1);
  const metadata = flipMetadata(bits);
  const kept = await flipKept(bits);
  process.stdout.write(`${NODE}: metadata ${JSON.stringify(metadata)}, state ${JSON.stringify(kept)}\n`);
  process.exitCode = metadata.accepted + metadata.thrown + kept.changed + kept.thrown > 0 ? 1 : 0;
}
