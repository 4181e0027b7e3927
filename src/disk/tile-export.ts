import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { MaintError } from "../base/maint-error.ts";
import { type Checkpoint, originOf, parseCheckpoint } from "../ledger/checkpoint.ts";
import { leafHash, type ReadTree, sameHash, TREE_HASH_BYTES } from "../ledger/merkle.ts";
import { parseNote } from "../ledger/note.ts";
import { TILE_HEIGHT, TILE_WIDTH, tilePath, tileWidth } from "../ledger/tiles.ts";
import type { StoredEntry } from "../ledger/verify.ts";
import { writeAtomically } from "./atomic-write.ts";
import type { LedgerReader } from "./ledger-file.ts";

/** What an export wrote, or found there already. */
export interface TileExport {
  readonly origin: string;
  /** Entries it holds: those of the latest signed checkpoint. */
  readonly size: number;
  readonly filesWritten: number;
  /** Bundles with an entry that C2SP's two bytes of length cannot say; their entries lie in `lines/`, one a line. */
  readonly longBundles: number;
}

/** Two bytes say how long an entry in a bundle is. */
const MAX_BUNDLED_BYTES = 0xffff;
const CHECKPOINT = "checkpoint";

/**
 * Writes a ledger into a folder as C2SP tlog-tiles: hashes, entries, and last the checkpoint, so that an export that was cut off is
 * an older one. A folder that holds an earlier export of the same ledger is gone on with.
 * @throws MaintError MAINT_ERR_LEDGER_EXPORT when nothing was signed yet or the folder holds another history, MAINT_ERR_LEDGER_DAMAGED
 */
export function exportTiles(ledger: LedgerReader, folder: string): TileExport {
  const note = ledger.checkpoints.latest();
  if (note === null) throw refused(`nothing of ${ledger.owner}'s ledger was signed yet`);
  const { origin, size } = checkpointIn(note, "the ledger's own checkpoint");
  const before = earlierExport(ledger, folder);
  if (before > size) throw refused(`${folder}: holds ${before} entries, and ${size} are signed here`);
  const written = { files: 0, long: 0 };
  const put = (path: string, bytes: Uint8Array): void => {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, bytes);
    written.files += 1;
  };
  for (const { level, index, width } of tilesOf(size, before)) {
    const bytes = hashesAt(ledger.tree.read, level, index, width);
    put(tilePath(level, index, width), bytes);
    if (level === 0) written.long += putEntries(ledger, bytes, { index, width }, put);
    // What became full is served as that; its partial forms may go.
    if (width === TILE_WIDTH)
      for (const kind of level === 0 ? [0, "entries" as const] : [level])
        rmSync(join(folder, `${tilePath(kind, index, TILE_WIDTH)}.p`), { recursive: true, force: true });
  }
  if (size !== before || !existsSync(join(folder, CHECKPOINT))) writeAtomically(join(folder, CHECKPOINT), note);
  return { origin, size, filesWritten: written.files, longBundles: written.long };
}

/** All tiles of a tree that one of `before` entries did not have already. */
function* tilesOf(size: number, before: number) {
  for (let level = 0, unit = 1; unit <= size; level += 1, unit *= TILE_WIDTH) {
    const tiles = Math.ceil(Math.floor(size / unit) / TILE_WIDTH);
    for (let index = Math.floor(Math.floor(before / unit) / TILE_WIDTH); index < tiles; index += 1) {
      const width = tileWidth(level, index, size);
      if (width !== tileWidth(level, index, before)) yield { level, index, width };
    }
  }
}

function hashesAt(read: ReadTree, level: number, index: number, width: number): Uint8Array {
  const bytes = new Uint8Array(width * TREE_HASH_BYTES);
  for (let at = 0; at < width; at += 1)
    bytes.set(read(level * TILE_HEIGHT, index * TILE_WIDTH + at), at * TREE_HASH_BYTES);
  return bytes;
}

/** Answers 1 where the bundle had to be written as lines. */
function putEntries(
  ledger: LedgerReader,
  hashes: Uint8Array,
  { index, width }: { readonly index: number; readonly width: number },
  put: (path: string, bytes: Uint8Array) => void,
): number {
  const from = index * TILE_WIDTH;
  const entries = [...ledger.stored(from, from + width)];
  for (const [at, { seq, bytes }] of entries.entries())
    if (
      seq !== from + at ||
      !sameHash(leafHash(bytes), hashes.subarray(at * TREE_HASH_BYTES, (at + 1) * TREE_HASH_BYTES))
    )
      throw new MaintError(
        "MAINT_ERR_LEDGER_DAMAGED",
        `entry ${from + at} does not hold: it is not the one in the tree`,
        {
          exitCode: 69,
          help: "maint ledger verify says more; nothing damaged is exported",
        },
      );
  if (entries.some(({ bytes }) => bytes.length > MAX_BUNDLED_BYTES)) {
    const newline = Buffer.from("\n");
    put(linesPath(index, width), Buffer.concat(entries.flatMap(({ bytes }) => [bytes, newline])));
    return 1;
  }
  const parts = entries.flatMap(({ bytes }) => {
    const length = Buffer.alloc(2);
    length.writeUInt16BE(bytes.length);
    return [length, bytes];
  });
  put(tilePath("entries", index, width), Buffer.concat(parts));
  return 0;
}

/** JSON in canonical form has no line break in it. */
const linesPath = (index: number, width: number): string =>
  `${tilePath("entries", index, width).replace("tile/entries/", "lines/")}.ndjson`;

function earlierExport(ledger: LedgerReader, folder: string): number {
  const file = join(folder, CHECKPOINT);
  if (!existsSync(file)) return 0;
  const found = checkpointIn(readFileSync(file, "utf8"), file);
  if (found.origin !== originOf(ledger.owner)) throw refused(`${folder}: is an export of ${found.origin}`);
  if (found.size > ledger.tree.size() || !sameHash(ledger.tree.root(found.size), found.root))
    throw refused(
      `${folder}: is an export of another history of ${found.origin}`,
      "keep both: one of them was changed",
    );
  return found.size;
}

function checkpointIn(text: string, what: string): Checkpoint {
  const note = parseNote(text);
  const checkpoint = note.ok ? parseCheckpoint(note.value.text) : note;
  if (!checkpoint.ok) throw refused(`${what}: is no checkpoint: ${checkpoint.error}`);
  return checkpoint.value;
}

const refused = (message: string, help?: string): MaintError =>
  new MaintError("MAINT_ERR_LEDGER_EXPORT", message, help === undefined ? {} : { help });

/** An exported ledger, as it lies in a folder; nothing in it is verified. */
export interface ExportedLedger {
  /** The signed note. */
  readonly note: string;
  /** The first `size` entries, a bundle in memory at a time. */
  readonly entries: (size: number) => Iterable<StoredEntry>;
  /** A tile's hashes in a tree of `size`; undefined where there is no such file. */
  readonly tile: (level: number, index: number, width: number) => Uint8Array | undefined;
}

/** @throws MaintError MAINT_ERR_LEDGER_EXPORT when the folder is none, or a bundle is cut off */
export function readExport(folder: string): ExportedLedger {
  const read = (path: string): Uint8Array | undefined =>
    existsSync(join(folder, path)) ? readFileSync(join(folder, path)) : undefined;
  const note = read(CHECKPOINT);
  if (note === undefined) throw refused(`${folder}: holds no exported ledger: there is no checkpoint in it`);
  return {
    note: Buffer.from(note).toString("utf8"),
    tile: (level, index, width) => read(tilePath(level, index, width)),
    *entries(size) {
      for (let index = 0; index * TILE_WIDTH < size; index += 1) {
        const width = tileWidth(0, index, size);
        const bundle = read(tilePath("entries", index, width));
        const lines = bundle === undefined ? read(linesPath(index, width)) : undefined;
        if (bundle === undefined && lines === undefined) return;
        const entries = bundle === undefined ? splitLines(lines as Uint8Array) : splitBundle(bundle, folder, index);
        for (const [at, bytes] of entries.entries()) yield { seq: index * TILE_WIDTH + at, bytes };
      }
    },
  };
}

function splitBundle(bundle: Uint8Array, folder: string, index: number): readonly Uint8Array[] {
  const bytes = Buffer.from(bundle);
  const entries: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + 2 <= bytes.length ? at + 2 + bytes.readUInt16BE(at) : Number.POSITIVE_INFINITY;
    if (end > bytes.length) throw refused(`${folder}: entry bundle ${index} is cut off`);
    entries.push(bytes.subarray(at + 2, end));
    at = end;
  }
  return entries;
}

function splitLines(lines: Uint8Array): readonly Uint8Array[] {
  const text = Buffer.from(lines);
  const entries: Uint8Array[] = [];
  for (let at = 0, end = text.indexOf(0x0a); end >= 0; at = end + 1, end = text.indexOf(0x0a, at))
    entries.push(text.subarray(at, end));
  return entries;
}
