import type { CompiledContract } from "../index.ts";
import { bindsWords, clauseCounts } from "./contract-page.ts";
import { code, link, type Page, type Text } from "./page.ts";

/** The page in front of several contracts. `fileOf` names a contract's own page beside it. */
export function indexPage(contracts: readonly CompiledContract[], fileOf: (id: string) => string, date?: string): Page {
  const rows = contracts.map(({ id, bundle, digest }): readonly Text[] => [
    [link(id, fileOf(id))],
    [bundle.title],
    [bindsWords(bundle)],
    [clauseCounts(bundle)],
    [String(bundle.tests.length)],
    [code(digest.slice("sha256:".length, "sha256:".length + 12))],
  ]);
  const caption = `${contracts.length} contracts${date === undefined ? "" : `, ${date}`}`;
  const head = ["Contract", "Title", "Binds", "Asks for", "Tests", "Digest, its start"];
  return { title: "Contracts", id: null, digest: null, blocks: [{ kind: "table", caption, head, rows }] };
}
