import type {
  Acknowledgement,
  EquipmentState,
  Lot,
  OverrideRecord,
  Reading,
  Snapshot,
  SnapshotTest,
} from "../../model/snapshot.ts";
import { snapshotFromValues } from "../../model/snapshot-parse.ts";
import type { Block } from "./block.ts";

/**
 * The snapshot of one decision of a block, typed only as far as somebody looks at it, by the reader of snapshots itself. It is a
 * cursor: `moveTo` makes it another decision's, so nothing of it outlives the row. The test's id is left out: nothing is decided
 * by it.
 */
export class RowSnapshot implements Snapshot {
  readonly equipment: ReadonlyMap<string, EquipmentState>;
  readonly readings: ReadonlyMap<string, Reading>;
  readonly lots: ReadonlyMap<string, Lot>;
  readonly #block: Block;
  readonly #equipment: RowMap<EquipmentState>;
  readonly #readings: RowMap<Reading>;
  readonly #lots: RowMap<Lot>;
  readonly #settings: Memo<Pick<Snapshot, "plantZone" | "shifts" | "station">>;
  readonly #tests: Memo<SnapshotTest>;
  readonly #orders: Memo<Snapshot["orders"]>;
  readonly #acks: Memo<readonly Acknowledgement[]>;
  readonly #overrides: Memo<readonly OverrideRecord[]>;
  #row = 0;
  #selection = 0;

  constructor(block: Block) {
    this.#block = block;
    const jsonOf = (id: number): unknown => JSON.parse(block.text(id));
    const one = <T>(read: (snapshot: Snapshot) => ReadonlyMap<string, T>, field: string) =>
      memo((id) => read(snapshotFromValues({ [field]: { x: jsonOf(id) } })).get("x") as T);
    const stable = one<EquipmentState>(({ equipment }) => equipment, "equipment");
    const volatile = one<EquipmentState>(({ equipment }) => equipment, "equipment");
    const reading = one<Reading>(({ readings }) => readings, "readings");
    const lot = one<Lot>(({ lots }) => lots, "lots");
    const names = new Map([...block.names].map((id) => [block.text(id), id]));
    this.#equipment = new RowMap(block, names, 3, (rest, moving) => {
      return new RowEquipment(stable(rest), () => volatile(moving));
    });
    this.#readings = new RowMap(block, names, 2, reading);
    this.#lots = new RowMap(block, names, 2, lot);
    [this.equipment, this.readings, this.lots] = [this.#equipment, this.#readings, this.#lots];
    this.#settings = memo((id) => {
      const { plantZone, shifts, station } = snapshotFromValues(jsonOf(id));
      return { plantZone, shifts, station };
    });
    this.#tests = memo((id) => snapshotFromValues({ test: jsonOf(id) }).test);
    this.#orders = memo((id) => (id === 0 ? undefined : snapshotFromValues({ orders: jsonOf(id) }).orders));
    const listed = <T>(read: (snapshot: Snapshot) => readonly T[], field: string) => {
      const item = memo((id) => read(snapshotFromValues({ [field]: [jsonOf(id)] })));
      return memo((list) => itemsOf(block, list).flatMap((id) => item(id)));
    };
    this.#acks = listed(({ acks }) => acks, "acks");
    this.#overrides = listed(({ overrides }) => overrides, "overrides");
  }

  moveTo(row: number): void {
    const block = this.#block;
    this.#row = row;
    this.#selection = block.selection[row] as number;
    this.#equipment.list = block.equipment[row] as number;
    this.#readings.list = block.readings[row] as number;
    this.#lots.list = block.lots[row] as number;
  }

  get plantZone(): Snapshot["plantZone"] {
    return this.#settings(this.#block.setting[this.#selection] as number).plantZone;
  }
  get shifts(): Snapshot["shifts"] {
    return this.#settings(this.#block.setting[this.#selection] as number).shifts;
  }
  get station(): Snapshot["station"] {
    return this.#settings(this.#block.setting[this.#selection] as number).station;
  }
  get orders(): Snapshot["orders"] {
    return this.#orders(this.#block.orders[this.#selection] as number);
  }
  get clock(): Snapshot["clock"] {
    const { highWater, monotonicNow, attested } = this.#block;
    const said = attested[this.#row] as number;
    return {
      ...{ highWater: known(highWater[this.#row]), monotonicNow: known(monotonicNow[this.#row]) },
      ...(said === 0 ? {} : { attested: said === 1 }),
    };
  }
  get test(): SnapshotTest {
    const test = this.#tests(this.#block.testFacts[this.#selection] as number);
    const startedAt = known(this.#block.startedAt[this.#row]);
    return startedAt === undefined ? test : { ...test, startedAt };
  }
  get acks(): Snapshot["acks"] {
    return this.#acks(this.#block.acks[this.#row] as number);
  }
  get overrides(): Snapshot["overrides"] {
    return this.#overrides(this.#block.overrides[this.#row] as number);
  }
}

const known = (value: number | undefined): number | undefined =>
  value === undefined || Number.isNaN(value) ? undefined : value;

type Memo<T> = (id: number) => T;

/** Each text of a block is read once, and only where somebody asks for it. */
function memo<T>(read: (id: number) => T): Memo<T> {
  const done: { readonly value: T }[] = [];
  return (id) => {
    const before = done[id];
    if (before !== undefined) return before.value;
    const value = read(id);
    done[id] = { value };
    return value;
  };
}

/** A piece of equipment: the members that `block-writer` keeps apart are read from their own text, once somebody asks for one. */
class RowEquipment implements EquipmentState {
  readonly serial: EquipmentState["serial"];
  readonly status: EquipmentState["status"];
  readonly attributes: EquipmentState["attributes"];
  readonly locks: EquipmentState["locks"];
  readonly returnedAt: EquipmentState["returnedAt"];
  readonly reverifiedAt: EquipmentState["reverifiedAt"];
  readonly events: EquipmentState["events"];
  readonly ranges: EquipmentState["ranges"];
  readonly extension: EquipmentState["extension"];
  readonly calibration: EquipmentState["calibration"];
  readonly #moving: () => EquipmentState;

  constructor(rest: EquipmentState, moving: () => EquipmentState) {
    this.serial = rest.serial;
    this.status = rest.status;
    this.attributes = rest.attributes;
    this.locks = rest.locks;
    this.returnedAt = rest.returnedAt;
    this.reverifiedAt = rest.reverifiedAt;
    this.events = rest.events;
    this.ranges = rest.ranges;
    this.extension = rest.extension;
    this.calibration = rest.calibration;
    this.#moving = moving;
  }

  get onSeconds(): EquipmentState["onSeconds"] {
    return this.#moving().onSeconds;
  }
  get onSince(): EquipmentState["onSince"] {
    return this.#moving().onSince;
  }
  get hours(): EquipmentState["hours"] {
    return this.#moving().hours;
  }
  get cycles(): EquipmentState["cycles"] {
    return this.#moving().cycles;
  }
  get lastUseEndedAt(): EquipmentState["lastUseEndedAt"] {
    return this.#moving().lastUseEndedAt;
  }
  get openingCheck(): EquipmentState["openingCheck"] {
    return this.#moving().openingCheck;
  }
  get closingCheck(): EquipmentState["closingCheck"] {
    return this.#moving().closingCheck;
  }
  get checks(): EquipmentState["checks"] {
    return this.#moving().checks;
  }
}

function itemsOf({ listStarts, listItems }: Block, list: number): readonly number[] {
  return [...listItems.subarray(listStarts[list], listStarts[list + 1])];
}

/** A list of a block as a map: every `width` numbers a name and what stands for it. */
class RowMap<T> implements ReadonlyMap<string, T> {
  list = 0;
  readonly #block: Block;
  readonly #width: number;
  readonly #names: ReadonlyMap<string, number>;
  readonly #read: (first: number, second: number) => T;

  constructor(
    block: Block,
    names: ReadonlyMap<string, number>,
    width: number,
    read: (first: number, second: number) => T,
  ) {
    this.#block = block;
    this.#names = names;
    this.#width = width;
    this.#read = read;
  }

  get(name: string): T | undefined {
    const place = this.#placeOf(name);
    return place === undefined ? undefined : this.#at(place);
  }
  has(name: string): boolean {
    return this.#placeOf(name) !== undefined;
  }
  get size(): number {
    return (this.#end - this.#start) / this.#width;
  }
  *entries(): MapIterator<[string, T]> {
    for (let place = this.#start; place < this.#end; place += this.#width)
      yield [this.#block.text(this.#block.listItems[place] as number), this.#at(place)];
  }
  *keys(): MapIterator<string> {
    for (const [name] of this.entries()) yield name;
  }
  *values(): MapIterator<T> {
    for (const [, value] of this.entries()) yield value;
  }
  forEach(call: (value: T, key: string, map: ReadonlyMap<string, T>) => void): void {
    for (const [name, value] of this.entries()) call(value, name, this);
  }
  [Symbol.iterator](): MapIterator<[string, T]> {
    return this.entries();
  }

  get #start(): number {
    return this.#block.listStarts[this.list] as number;
  }
  get #end(): number {
    return this.#block.listStarts[this.list + 1] as number;
  }
  #at(place: number): T {
    const { listItems } = this.#block;
    return this.#read(listItems[place + 1] as number, listItems[place + 2] as number);
  }
  #placeOf(name: string): number | undefined {
    const { listItems } = this.#block;
    const id = this.#names.get(name);
    if (id === undefined) return undefined;
    for (let place = this.#start; place < this.#end; place += this.#width) if (listItems[place] === id) return place;
    return undefined;
  }
}
