import { join } from "node:path";
import { logParts } from "../../src/agent/log-parts.ts";
import { makeSigningKey, type SigningKey } from "../../src/disk/key-file.ts";
import { openArchiveReader } from "../../src/hub/archive/archive-reader.ts";
import { below, type Random } from "../fuzz/gate-random.ts";
import { checkpointOf, headOf, ledgerOf, plainRecord, type WrittenLedger } from "../hub/archive/written-ledger.ts";
import { scriptedNode } from "../hub/hub-fixture.ts";

/** A node that hands in its ledger while its hub is killed: what the hub said it has must be there, in its place, once. */
export interface HandingIn {
  readonly node: string;
  readonly key: SigningKey;
  readonly findings: string[];
  ledger: WrittenLedger;
  /** Entries that the hub said it has. */
  archived: number;
}

const MAX_ENTRIES = 20;

export const handingIn = (node: string, findings: string[]): HandingIn => ({
  ...{ node, key: makeSigningKey(), findings, ledger: ledgerOf(node, []), archived: 0 },
});

export async function handIn(
  state: HandingIn,
  url: string,
  random: Random,
  life: { readonly over: boolean },
): Promise<void> {
  const node = scriptedNode(url, state.node, state.key);
  const gone = node.closed.then(() => undefined);
  await Promise.race([gone, node.hello({ ledgerHead: headOf(state.ledger) })]).catch(() => undefined);
  const welcome = await Promise.race([gone, node.next("welcome").catch(() => undefined)]);
  if (welcome === undefined) return;
  if (welcome.logSize == null || welcome.logSize < state.archived)
    state.findings.push(`entry ${state.archived - 1} was archived, the hub goes on from ${welcome.logSize}`);
  let from = welcome.logSize ?? 0;
  while (!life.over) {
    const fresh = Array.from({ length: 1 + below(random, MAX_ENTRIES) }, (_, index) => plainRecord(from + index));
    state.ledger = ledgerOf(state.node, fresh, state.ledger);
    const { note } = checkpointOf(state.ledger, state.key);
    for (const part of logParts(from, state.ledger.entries.slice(from), note)) node.send("log", part);
    const logged = await Promise.race([gone, node.next("logged").catch(() => undefined)]);
    if (logged === undefined) return;
    if (logged.refused !== undefined) state.findings.push(`its ledger was refused: ${logged.refused}`);
    from = logged.size;
    state.archived = Math.max(state.archived, logged.size);
  }
  node.end();
}

/** Read while the hub is dead: nothing mends the file before it is looked at. */
export function checkArchive({ node, ledger, archived, findings }: HandingIn, data: string): void {
  const reader = openArchiveReader(join(data, "hub", "archive.db"));
  try {
    const [strand, ...others] = reader.strands().filter((one) => one.node === node);
    if (others.length > 0) findings.push(`the ledger of ${node} has ${others.length + 1} strands`);
    if (strand === undefined) {
      if (archived > 0) findings.push(`${archived} entries were archived, and there are none`);
      return;
    }
    const signed = reader.checkpoints(strand).at(-1)?.size ?? 0;
    if (signed < archived)
      findings.push(`${archived} entries were archived, the node's signature is kept for ${signed}`);
    const stored = [...reader.stored(strand)];
    if (stored.length < archived) findings.push(`${archived} entries were archived, ${stored.length} are there`);
    const wrong = stored.findIndex(
      ({ seq, bytes }, index) =>
        seq !== index || Buffer.compare(bytes, ledger.entries[index] ?? new Uint8Array()) !== 0,
    );
    if (wrong !== -1) findings.push(`archived entry ${wrong} is not the one that was sent`);
    for (const { finding } of reader.verify(node).strands)
      if (finding !== null) findings.push(`the archive does not hold: ${JSON.stringify(finding)}`);
  } finally {
    reader.close();
  }
}
