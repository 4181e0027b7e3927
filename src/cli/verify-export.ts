import { verifyHex } from "../disk/key-file.ts";
import { type ExportedLedger, readExport } from "../disk/tile-export.ts";
import { openCheckpoint } from "../ledger/checkpoint.ts";
import type { TreeHash } from "../ledger/merkle.ts";
import type { NoteKey } from "../ledger/note.ts";
import { expandTile, TILE_HEIGHT, TILE_WIDTH, tileWidth } from "../ledger/tiles.ts";
import { type LedgerFinding, verifyEntries } from "../ledger/verify.ts";
import { type RememberedTile, TreeCheck } from "../ledger/verify-tree.ts";

/** What came of reading an export from its first entry to its last tile. */
export interface VerifiedExport {
  readonly origin: string;
  readonly size: number;
  /** 64 hex digits. */
  readonly root: string;
  readonly finding: LedgerFinding | null;
}

/**
 * Verifies an exported ledger with its key and nothing else: the chain of its entries, every tile, and the signed root.
 * @throws MaintError MAINT_ERR_LEDGER_EXPORT when the folder is none, or a bundle is cut off
 */
export function verifyExport(folder: string, key: NoteKey): VerifiedExport {
  const exported = readExport(folder);
  const opened = openCheckpoint(exported.note, key.name, [key], verifyHex);
  if (!opened.ok) {
    const finding: LedgerFinding = { seq: 0, fault: "checkpoint-differs", message: `its checkpoint: ${opened.error}` };
    return { origin: key.name, size: 0, root: "", finding };
  }
  const { origin, size, root } = opened.value;
  const check = new TreeCheck({
    tile: (level, index) => fullTile(exported, level, index),
    count: () => 0,
    roots: new Map([[size, root]]),
  });
  const chained = verifyEntries(exported.entries(size), { check: (stored, entry) => check.take(stored, entry) });
  const finding = chained.finding ?? check.finish() ?? partialFinding(exported, check, size);
  return { origin, size, root: Buffer.from(root).toString("hex"), finding };
}

function fullTile(exported: ExportedLedger, level: number, index: number): RememberedTile | undefined {
  const bytes = exported.tile(level, index, TILE_WIDTH);
  const root = bytes === undefined ? undefined : expandTile(bytes)[TILE_HEIGHT]?.[0];
  return bytes === undefined || root === undefined ? undefined : { bytes, root: root as TreeHash, highWaterMs: null };
}

/** The tiles on the right edge are no part of the tree's comparison: they are not final. */
function partialFinding(exported: ExportedLedger, check: TreeCheck, size: number): LedgerFinding | null {
  for (let level = 0, unit = 1; unit <= size; level += 1, unit *= TILE_WIDTH) {
    const index = Math.floor(Math.floor(size / unit) / TILE_WIDTH);
    const width = tileWidth(level, index, size);
    if (width === 0) continue;
    const bytes = exported.tile(level, index, width);
    if (bytes !== undefined && Buffer.compare(bytes, check.partial(level)) === 0) continue;
    const message = `tile ${level}/${index} of ${width} hashes is ${bytes === undefined ? "missing" : "not that of the entries"}`;
    return { seq: index * TILE_WIDTH * unit, fault: "tree-differs", message };
  }
  return null;
}
