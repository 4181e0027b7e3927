import type { Snapshot } from "../../model/snapshot.ts";
import { encodeBlock, type PlainColumns } from "./block.ts";
import type { SharedItem, SharedSnapshot } from "./share-parts.ts";

type Values = { readonly [field: string]: unknown };

/** What is not in the snapshot: the decision itself and what replay found out about it. */
export interface RowHead {
  readonly seq: number;
  readonly atMs: number;
  readonly test: string | null;
  readonly order: string | null;
  readonly part: string | null;
  readonly state: number;
  readonly allowed: boolean;
  readonly reasons: readonly string[];
  readonly warnings: readonly string[];
  readonly found: readonly string[];
  /** What each clause said, as text, in the order of the recorded bindings; empty where the state is not `byClauses`. */
  readonly outcomes: readonly string[];
  /** JSON of the contracts that bound it. */
  readonly contracts: string;
}

export interface BlockWriter {
  /** `values` is the snapshot as recorded, `typed` the same read; null where it was not kept or not looked at. */
  readonly add: (head: RowHead, values: SharedSnapshot | null, typed: Snapshot | null) => void;
  readonly rows: () => number;
  /** About, in bytes. */
  readonly size: () => number;
  /** `numberOf` gives a test's id its number, from 1 on. */
  readonly finish: (numberOf: (test: string) => number) => Uint8Array;
}

/** Gathers the decisions of one node into a block. */
export function blockWriter(): BlockWriter {
  const texts = interner<string>((text) => text);
  const lists = interner<readonly number[]>((list) => list.join());
  const selections = interner<readonly number[]>((list) => list.join());
  const names = new Set<number>();
  texts.idOf("");
  lists.idOf([]);
  const columns = emptyColumns();
  const tests: (string | null)[] = [];
  const spell = partSpelling(texts, lists, names);
  const { jsonId, listId } = spell;
  const textsId = (list: readonly string[]): number => (list.length === 0 ? 0 : texts.idOf(JSON.stringify(list)));
  return {
    rows: () => columns.seq.length,
    size: () => texts.size() + lists.size() * 4 + columns.seq.length * 100,
    add: (head, values, typed) => {
      const { plantZone, shifts, station, orders, test, readings, acks, lots, overrides } = values?.fields ?? {};
      const { id: _, startedAt: __, ...testFacts } = isObject(test) ? test : {};
      const setting = spell.setting(plantZone, shifts, station);
      const selection = selections.idOf([texts.idOf(head.contracts), setting, jsonId(testFacts), spell.orders(orders)]);
      tests.push(head.test);
      const textId = (text: string | null): number => (text === null ? 0 : texts.idOf(text));
      push(columns, {
        ...{ testId: textId(head.test), order: textId(head.order), part: textId(head.part) },
        ...{ seq: head.seq, at: head.atMs, state: head.state, allowed: head.allowed ? 1 : 0 },
        ...{ reasons: textsId(head.reasons), warnings: textsId(head.warnings), found: textsId(head.found) },
        ...{ selection, outcomes: listId(head.outcomes.map((text) => texts.idOf(text))) },
        highWater: typed?.clock.highWater ?? Number.NaN,
        monotonicNow: typed?.clock.monotonicNow ?? Number.NaN,
        startedAt: typed?.test.startedAt ?? Number.NaN,
        attested: typed?.clock.attested === undefined ? 0 : typed.clock.attested ? 1 : 2,
        ...{
          equipment: spell.equipment(values?.equipment),
          readings: spell.members(readings),
          acks: spell.listed(acks),
        },
        ...{ lots: spell.members(lots), overrides: spell.listed(overrides) },
      });
    },
    finish: (numberOf) => {
      const test = tests.map((id) => (id === null ? 0 : numberOf(id)));
      const [contracts, setting, testFacts, orders] = [0, 1, 2, 3].map((place) =>
        selections.all().map((one) => one[place] as number),
      ) as [number[], number[], number[], number[]];
      return encodeBlock({ ...columns, test, contracts, setting, testFacts, orders }, texts.all(), lists.all(), [
        ...names,
      ]);
    },
  };
}

/** Decisions share equal parts as the same objects: each is spelled once. */
function once<T>(make: (value: object) => T): (value: object) => T {
  const known = new WeakMap<object, { readonly made: T }>();
  return (value) => {
    const before = known.get(value) ?? { made: make(value) };
    known.set(value, before);
    return before.made;
  };
}

/** Parts of snapshots as numbers of texts and lists. */
function partSpelling(texts: Interner<string>, lists: Interner<readonly number[]>, names: Set<number>) {
  const jsonId = (value: unknown): number => (value === undefined ? 0 : texts.idOf(JSON.stringify(value)));
  const listId = (ids: readonly number[]): number => lists.idOf(ids);
  const nameId = (name: string): number => {
    const id = texts.idOf(name);
    names.add(id);
    return id;
  };
  const named = (of: (item: object) => readonly number[]) => {
    const idOf = once((members) =>
      listId(Object.entries(members).flatMap(([name, item]) => (isObject(item) ? [nameId(name), ...of(item)] : []))),
    );
    return (value: unknown): number => (isObject(value) ? idOf(value) : 0);
  };
  const listOf = once((list) => listId((list as readonly unknown[]).filter(isObject).map((item) => jsonId(item))));
  const object = once(jsonId);
  // `rest` is the same object for months, and a text of its own.
  const item = once((one) => [object((one as SharedItem).rest), jsonId((one as SharedItem).moving)]);
  const equipment = once((items) =>
    listId([...(items as ReadonlyMap<string, SharedItem>)].flatMap(([name, one]) => [nameId(name), ...item(one)])),
  );
  let last: { readonly of: readonly unknown[]; readonly id: number } | undefined;
  return {
    ...{ jsonId, listId },
    members: named(once((item) => [jsonId(item)])),
    equipment: (value: ReadonlyMap<string, SharedItem> | undefined): number =>
      value === undefined ? 0 : equipment(value),
    listed: (value: unknown): number => (Array.isArray(value) ? listOf(value) : 0),
    orders: (value: unknown): number => (typeof value === "object" && value !== null ? object(value) : jsonId(value)),
    setting: (plantZone: unknown, shifts: unknown, station: unknown): number => {
      const of = [plantZone, shifts, station];
      if (last === undefined || of.some((one, index) => one !== last?.of[index]))
        last = { of, id: jsonId({ plantZone, shifts, station }) };
      return last.id;
    },
  };
}

const isObject = (value: unknown): value is Values =>
  typeof value === "object" && value !== null && !Array.isArray(value);

type RowLists = {
  readonly [N in Exclude<keyof PlainColumns, "test" | "contracts" | "setting" | "testFacts" | "orders">]: number[];
};

const emptyColumns = (): RowLists => ({
  ...{ testId: [], order: [], part: [] },
  ...{ seq: [], at: [], state: [], allowed: [], reasons: [], warnings: [], found: [], selection: [] },
  ...{ outcomes: [], highWater: [], monotonicNow: [], startedAt: [], attested: [], equipment: [], readings: [] },
  ...{ acks: [], lots: [], overrides: [] },
});

function push(columns: RowLists, row: { readonly [N in keyof RowLists]: number }): void {
  for (const name of Object.keys(columns) as (keyof RowLists)[]) columns[name].push(row[name]);
}

interface Interner<T extends { readonly length: number }> {
  readonly idOf: (value: T) => number;
  readonly all: () => readonly T[];
  /** Lengths together. */
  readonly size: () => number;
}

/** Numbers what it is given, equal things by one number, from 0 on. */
function interner<T extends { readonly length: number }>(keyOf: (value: T) => string): Interner<T> {
  const known = new Map<string, number>();
  const all: T[] = [];
  let size = 0;
  return {
    idOf: (value) => {
      const key = keyOf(value);
      const before = known.get(key);
      if (before !== undefined) return before;
      known.set(key, all.length);
      size += value.length;
      return all.push(value) - 1;
    },
    all: () => all,
    size: () => size,
  };
}
