import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach } from "vitest";
import { type ArchiveFile, openArchiveFile } from "../../../src/hub/archive/archive-file.ts";
import type { ArchivedEntry } from "../../../src/hub/archive/archived.ts";

export interface ArchiveBench {
  readonly path: string;
  readonly archive: () => ArchiveFile;
  readonly reopen: () => ArchiveFile;
}

const undo: (() => void)[] = [];
afterEach(() => {
  for (const close of undo.splice(0).reverse()) close();
});

export function archiveBench(): ArchiveBench {
  const folder = mkdtempSync(join(tmpdir(), "maint-archive-"));
  const path = join(folder, "archive.db");
  let archive = openArchiveFile(path);
  undo.push(() => rmSync(folder, { recursive: true, force: true }));
  undo.push(() => archive.close());
  return {
    path,
    archive: () => archive,
    reopen: () => {
      archive.close();
      archive = openArchiveFile(path);
      return archive;
    },
  };
}

/** `LP-1 0 1 2, LP-2 0`: which entries there are, by node. */
export const placesOf = (entries: Iterable<ArchivedEntry>): string => {
  const byNode = new Map<string, number[]>();
  for (const { node, strand = 0, entry } of entries) {
    const name = strand === 0 ? node : `${node}/${strand}`;
    byNode.set(name, [...(byNode.get(name) ?? []), entry.seq]);
  }
  return [...byNode].map(([node, seqs]) => [node, ...seqs].join(" ")).join(", ");
};
