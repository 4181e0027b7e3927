import type { GateOptions } from "./ask-gate.ts";

/** One option of `maint gate`. `takes` is what its value is called; null where it takes none. */
export interface GateWord {
  readonly name: `--${string}`;
  readonly key: keyof GateOptions;
  readonly takes: string | null;
  readonly about: string;
}

/** All of them: the command's help is made from this, and its quick way reads by it. */
export const GATE_WORDS: readonly GateWord[] = [
  { name: "--node", key: "node", takes: "id", about: "the node whose agent is asked" },
  { name: "--test", key: "test", takes: "id", about: "id of the test about to start" },
  { name: "--kind", key: "kind", takes: "kind", about: "kind of test, as contracts name it" },
  { name: "--order", key: "order", takes: "id", about: "client order the test belongs to" },
  { name: "--part", key: "part", takes: "id", about: "part under test, for the record" },
  { name: "--planned-hours", key: "plannedHours", takes: "n", about: "use planned for the whole test, in hours" },
  { name: "--planned-cycles", key: "plannedCycles", takes: "n", about: "use planned for the whole test, in cycles" },
  {
    ...{ name: "--start", key: "start", takes: null },
    about: "when it is allowed, keep its start: it runs until --end, under the release it began with",
  },
  { name: "--end", key: "end", takes: null, about: "say that the test has ended; nothing is decided" },
  { name: "--result", key: "result", takes: "result", about: "with --end: passed, failed or aborted" },
  {
    ...{ name: "--preview", key: "preview", takes: null },
    about: "what the gate would say; nothing is written, and it lets nothing start (exit 10 or 69)",
  },
  {
    ...{ name: "--token", key: "token", takes: "file" },
    about: "token file of the operator (else MAINT_TOKEN_FILE, else the node's own token)",
  },
  { name: "--node-url", key: "nodeUrl", takes: "url", about: "the agent's address (else the one of the data folder)" },
  { name: "--data", key: "data", takes: "dir", about: "data folder (else MAINT_DATA, else ./maint-data)" },
  { name: "--json", key: "json", takes: null, about: "print the decision as JSON" },
];

/**
 * The options in words that are all plain: each known, once, its value behind it. Undefined for everything else, which the
 * command line's own library then reads, or refuses in its words. It takes as long to load as all the rest of `maint gate`.
 */
export function plainGateWords(words: readonly string[]): GateOptions | undefined {
  const read = new Map<string, string | true>();
  for (let at = 0; at < words.length; at += 1) {
    const word = GATE_WORDS.find(({ name }) => name === words[at]);
    if (word === undefined || read.has(word.key)) return undefined;
    const value = word.takes === null ? true : words[++at];
    if (value === undefined || (value !== true && value.startsWith("-"))) return undefined;
    read.set(word.key, value);
  }
  return read.has("node") ? (Object.fromEntries(read) as unknown as GateOptions) : undefined;
}
