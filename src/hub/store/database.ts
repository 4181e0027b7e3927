import { Kysely, SqliteDialect, sql } from "kysely";
import { MaintError } from "../../base/maint-error.ts";

/** The part of a SQLite connection that is used here; `node:sqlite`'s DatabaseSync has it. */
export interface SqlConnection {
  readonly isTransaction: boolean;
  prepare(text: string): SqlStatement;
  exec(text: string): void;
  close(): void;
}

export interface SqlStatement {
  columns(): readonly unknown[];
  get(...parameters: SqlValue[]): unknown;
  all(...parameters: SqlValue[]): unknown[];
  run(...parameters: SqlValue[]): { readonly changes: number | bigint; readonly lastInsertRowid: number | bigint };
  iterate(...parameters: SqlValue[]): IterableIterator<unknown>;
}

export type SqlValue = null | number | bigint | string | Uint8Array;

/**
 * The tables of one part of the hub. Every step is a list of statements, run once and in order; a step that was ever
 * released is never edited, the next change is another step.
 */
export interface StoreArea {
  readonly name: string;
  readonly steps: readonly (readonly string[])[];
}

/** hub.db. `tables<AlertTables>()` is the query builder typed by one area's tables; all of them share one connection. */
export interface HubDatabase {
  readonly tables: <Tables>() => Kysely<Tables>;
  /**
   * A statement of the one connection, prepared once, for what is too frequent for a query builder. It reads its own area's tables
   * anywhere, and writes only inside `atomically`, where it is part of the transaction.
   */
  readonly prepare: (text: string) => SqlStatement;
  /** Runs `write` in one durable transaction; whatever it throws rolls all of it back. */
  readonly atomically: <Tables, T>(write: (transaction: Kysely<Tables>) => Promise<T>) => Promise<T>;
  readonly close: () => Promise<void>;
}

/** A text is prepared once, and the oldest is let go where there are many: queries with lists in them have many texts. */
function remembering(connection: SqlConnection): (text: string) => SqlStatement {
  const known = new Map<string, SqlStatement>();
  return (text) => {
    const found = known.get(text) ?? connection.prepare(text);
    if (known.size >= MAX_PREPARED && !known.has(text)) known.delete(known.keys().next().value ?? "");
    known.set(text, found);
    return found;
  };
}

const MAX_PREPARED = 500;

/** As Kysely's driver says it. */
const ROLLBACK = "rollback";
const NOTHING_TO_ROLL_BACK = {
  reader: false,
  all: () => [],
  run: () => ({ changes: 0, lastInsertRowid: 0 }),
  iterate: () => [].values(),
};

/** Kysely speaks better-sqlite3; this says the same words to `node:sqlite`. */
const dialect = (connection: SqlConnection, prepare: (text: string) => SqlStatement): SqliteDialect =>
  new SqliteDialect({
    database: {
      close: () => connection.close(),
      prepare(text) {
        const statement = prepare(text);
        // SQLite rolls back by itself after some errors, a full disk among them; a second rollback would hide the first error.
        if (text === ROLLBACK && !connection.isTransaction) return NOTHING_TO_ROLL_BACK;
        return {
          reader: statement.columns().length > 0,
          all: (parameters) => statement.all(...(parameters as SqlValue[])),
          run: (parameters) => statement.run(...(parameters as SqlValue[])),
          iterate: (parameters) => statement.iterate(...(parameters as SqlValue[])),
        };
      },
    },
  });

/**
 * Brings the areas' tables up to date and answers the database. `connection` is a durable one (synchronous = FULL), and is closed
 * where that fails. A transaction holds the one connection: inside `atomically` use only the transaction it hands out.
 * @throws MaintError MAINT_ERR_DATABASE_NEWER where a newer version wrote it: nothing is changed then
 */
export async function openHubDatabase(connection: SqlConnection, areas: readonly StoreArea[]): Promise<HubDatabase> {
  const kysely = new Kysely<unknown>({ dialect: dialect(connection, remembering(connection)) });
  try {
    await migrate(kysely, areas);
  } catch (error) {
    connection.close();
    throw error;
  }
  return {
    prepare: remembering(connection),
    tables: <Tables>() => kysely as unknown as Kysely<Tables>,
    atomically: <Tables, T>(write: (transaction: Kysely<Tables>) => Promise<T>) =>
      (kysely as unknown as Kysely<Tables>).transaction().execute(write),
    close: () => kysely.destroy(),
  };
}

interface StepTable {
  readonly store_step: { area: string; steps: number };
}

async function migrate(kysely: Kysely<unknown>, areas: readonly StoreArea[]): Promise<void> {
  const steps = kysely as unknown as Kysely<StepTable>;
  await steps.transaction().execute(async (transaction) => {
    await sql`create table if not exists store_step (area text primary key, steps integer not null) strict`.execute(
      transaction,
    );
    const rows = await transaction.selectFrom("store_step").selectAll().execute();
    const done = new Map(rows.map((row) => [row.area, row.steps]));
    refuseNewer(done, areas);
    for (const area of areas) {
      for (const statement of area.steps.slice(done.get(area.name) ?? 0).flat())
        await sql.raw(statement).execute(transaction);
      await transaction
        .insertInto("store_step")
        .values({ area: area.name, steps: area.steps.length })
        .onConflict((conflict) => conflict.column("area").doUpdateSet({ steps: area.steps.length }))
        .execute();
    }
  });
}

/**
 * An older hub would read tables that it does not know, and count steps as undone that are done: the newer one would run them again.
 */
function refuseNewer(done: ReadonlyMap<string, number>, areas: readonly StoreArea[]): void {
  const known = new Map(areas.map(({ name, steps }) => [name, steps.length]));
  const newer = [...done].filter(([name, steps]) => steps > (known.get(name) ?? 0)).map(([name]) => name);
  if (newer.length === 0) return;
  const what = newer.map((name) => `"${name}"`).join(", ");
  throw new MaintError("MAINT_ERR_DATABASE_NEWER", `hub.db was written by a newer version of this program (${what})`, {
    exitCode: 69,
    help: "start the version that wrote it, or one after it, or restore a backup from before; nothing was changed",
  });
}
