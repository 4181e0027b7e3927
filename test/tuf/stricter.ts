import type { Cause } from "./history-acts.ts";
import type { Verdict } from "./judges.ts";

/**
 * Where a node refuses what tuf-js's updater takes, by design. Each is known by the sentence of our refusal, and counts only in
 * a history in which somebody did what it is about.
 */
export const stricter: { readonly [cause in Cause]: { readonly why: string; readonly said: RegExp } } = {
  "own-copy": {
    why: "The updater goes on with its own copy of a version and does not look at what is served under it; a desired set names the bytes, and these are judged.",
    said: /./,
  },
  "same-version": {
    why: "The updater keeps the version that it has and says nothing; two contents of one version are refused and reported.",
    said: /was accepted with other content|is not the one this node knows|is equal to current version|^snapshot: (New version|Missing file)/,
  },
  "two-ids": {
    why: "tuf-js counts key ids; one key under two ids is one person.",
    said: /different keys, \d+ are needed/,
  },
  range: {
    why: "A version above 2^31-1, or below 1, is nothing that counting leads to.",
    said: /version out of range|has no version/,
  },
  spelling: {
    why: "An expiry is RFC 3339 and JSON has each member once, so that no two readers differ.",
    said: /has no expiry that can be read|no JSON that one reader reads as another/,
  },
  "root-replaced": {
    why: "The updater never asks again for a root that it passed; a desired set names the whole chain, and it must be the known one.",
    said: /^root:? /,
  },
  size: { why: "Targets hold no more than a blob does, 3 MiB.", said: /bytes are too many/ },
  name: { why: "A role cannot have a name that every JavaScript object has.", said: /can be no role's name/ },
};

export function causeOf(mine: Extract<Verdict, { kind: "refused" }>, causes: ReadonlySet<Cause>): Cause | undefined {
  // The one whose sentence fits all comes last.
  const special = [...causes].filter((cause) => cause !== "own-copy");
  const found = special.find((cause) => stricter[cause].said.test(mine.detail));
  return found ?? (causes.has("own-copy") ? "own-copy" : undefined);
}

/** What tuf-js says when it refuses, and the words of ours that mean the same. The first that fits counts. */
const words: readonly (readonly [RegExp, readonly string[]])[] = [
  [/expired/, ["expired"]],
  [/was signed by 0\//, ["signature-invalid", "signature-missing"]],
  [/was signed by \d+\//, ["threshold"]],
  [/is less than current version|Missing file .* in new snapshot/, ["version-regression"]],
  [/Expected version (\d+), got/, ["version-regression", "metadata-mismatch"]],
  [/does not match snapshot version|doesn't match timestamp/, ["metadata-mismatch"]],
  [/Expected (length|hash)|Hash algorithm .* not supported/, ["metadata-mismatch", "digest-mismatch"]],
  [/Failed to download/, ["metadata-mismatch", "digest-mismatch"]],
  [/Missing \S+ in snapshot|reading 'length'/, ["metadata-mismatch"]],
  [/Max length reached/, ["format-unsupported", "metadata-mismatch", "digest-mismatch"]],
  [/./, ["format-unsupported"]],
];

export const wordsFor = (detail: string): readonly string[] =>
  words.find(([pattern]) => pattern.test(detail))?.[1] ?? [];
