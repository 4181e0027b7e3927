import { assert } from "../../base/assert.ts";

/**
 * A block: some thousand decisions of one node in columns, one typed array each, with every text they share stored once. It is
 * what replay reads instead of ledger entries; nothing is in it that the entries do not say.
 */

/** Raised where the meaning of a column changes: blocks of another format are made anew. */
export const BLOCK_FORMAT = 1;

/** One place a decision, in the order of the ledger. Numbers of texts and lists; 0 is none. */
const ROW_COLUMNS = {
  seq: Float64Array,
  /** Epoch ms of the instant decided. */
  at: Float64Array,
  /** Number of the test's id in the projection; 0 without one. */
  test: Uint32Array,
  /** Texts for people: the test's id, the order, the part. */
  ...{ testId: Uint32Array, order: Uint32Array, part: Uint32Array },
  /** A `RowState`. */
  state: Uint8Array,
  /** 1: was allowed. */
  allowed: Uint8Array,
  /** Of `reasons` and `warnings` the texts as recorded; of what is not reproducible, `found` has the reasons found now. */
  reasons: Uint32Array,
  warnings: Uint32Array,
  found: Uint32Array,
  /** Place in the table of selections. */
  selection: Uint32Array,
  /** What its clauses said, a list in the order of the recorded bindings. */
  outcomes: Uint32Array,
  ...{ highWater: Float64Array, monotonicNow: Float64Array, startedAt: Float64Array },
  /** 0 unknown, 1 true, 2 false. */
  attested: Uint8Array,
  ...{ equipment: Uint32Array, readings: Uint32Array, acks: Uint32Array, lots: Uint32Array, overrides: Uint32Array },
} as const;

/** What decides which contracts bind, and what calendar they are judged by: the same for most decisions of a block. */
const SELECTION_COLUMNS = {
  /** `[{contract, version, digest}]` */
  ...{ contracts: Uint32Array },
  /** `{plantZone, shifts, station}` */
  ...{ setting: Uint32Array },
  /** The test without its id and start. */
  ...{ testFacts: Uint32Array },
  ...{ orders: Uint32Array },
} as const;

const SHARED_COLUMNS = {
  /** Texts that are names of equipment, readings or lots. */
  names: Uint32Array,
  textStarts: Uint32Array,
  /** UTF-8. */
  textBytes: Uint8Array,
  listStarts: Uint32Array,
  listItems: Uint32Array,
} as const;

type Columns<T extends { readonly [name: string]: ColumnKind }> = { readonly [N in keyof T]: InstanceType<T[N]> };
type ColumnKind = typeof Float64Array | typeof Uint32Array | typeof Uint8Array;

export type RowColumns = Columns<typeof ROW_COLUMNS>;
export type SelectionColumns = Columns<typeof SELECTION_COLUMNS>;
type SharedColumns = Columns<typeof SHARED_COLUMNS>;

/** How a decision of a block is decided again. */
export const ROW = {
  /** By what its clauses said: the recorded releases reproduce it, and nothing but clauses and selection went into it. */
  byClauses: 0,
  /** As a whole: it was reproduced, and overrides, an unsigned clock or a waiting contract went into it. */
  whole: 1,
  notReproducible: 2,
  /** From here on: `NOT_JUDGED`, by place. */
  notJudged: 3,
} as const;
export type RowState = number;

/** Columns by name, as plain lists: what a block is made of. */
export type PlainColumns = {
  readonly [N in keyof RowColumns | keyof SelectionColumns]: readonly number[];
};

export interface Block extends RowColumns, SelectionColumns {
  readonly rows: number;
  readonly selections: number;
  readonly texts: number;
  readonly text: (id: number) => string;
  /** Bounds of a list in `listItems`. */
  readonly listStarts: Uint32Array;
  readonly listItems: Uint32Array;
  readonly names: Uint32Array;
}

const ALL = { ...ROW_COLUMNS, ...SELECTION_COLUMNS, ...SHARED_COLUMNS };
type Name = keyof typeof ALL;
const NAMES = Object.keys(ALL) as readonly Name[];
const ALIGN = 8;

/** One after the other, each at a multiple of eight; lengths first. */
export function encodeBlock(
  plain: PlainColumns,
  texts: readonly string[],
  lists: readonly (readonly number[])[],
  names: readonly number[],
): Uint8Array {
  const encoded = texts.map((text) => Buffer.from(text));
  const shared = {
    names,
    textStarts: startsOf(encoded),
    textBytes: Buffer.concat(encoded),
    listStarts: startsOf(lists),
    listItems: lists.flat(),
  };
  const columns = NAMES.map((name) => {
    const values = { ...plain, ...shared }[name];
    return ALL[name].from(values as ArrayLike<number>);
  });
  const head = Float64Array.from([BLOCK_FORMAT, ...columns.map(({ length }) => length)]);
  const parts = [head, ...columns];
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + padded(part.byteLength), 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(new Uint8Array(part.buffer, part.byteOffset, part.byteLength), offset);
    offset += padded(part.byteLength);
  }
  return bytes;
}

const padded = (length: number): number => Math.ceil(length / ALIGN) * ALIGN;

function startsOf(parts: readonly { readonly length: number }[]): readonly number[] {
  const starts = [0];
  let end = 0;
  for (const { length } of parts) {
    end += length;
    starts.push(end);
  }
  return starts;
}

/** Views into the bytes; nothing is copied where they are aligned. @throws AssertionFailed for another format */
export function openBlock(given: Uint8Array): Block {
  const bytes = given.byteOffset % ALIGN === 0 ? given : given.slice();
  const head = new Float64Array(bytes.buffer as ArrayBuffer, bytes.byteOffset, NAMES.length + 1);
  assert(head[0] === BLOCK_FORMAT, "a block of this format");
  let offset = padded(head.byteLength);
  const columns: { [name: string]: unknown } = {};
  NAMES.forEach((name, index) => {
    const column = new ALL[name](bytes.buffer as ArrayBuffer, bytes.byteOffset + offset, head[index + 1] as number);
    columns[name] = column;
    offset += padded(column.byteLength);
  });
  const { textStarts, textBytes, ...rest } = columns as unknown as RowColumns & SelectionColumns & SharedColumns;
  const utf8 = Buffer.from(textBytes.buffer, textBytes.byteOffset, textBytes.byteLength);
  return {
    ...rest,
    rows: rest.seq.length,
    selections: rest.setting.length,
    texts: textStarts.length - 1,
    text: (id) => utf8.toString("utf8", textStarts[id], textStarts[id + 1]),
  };
}
