import { Kysely, SqliteDialect, sql } from "kysely";

/** The part of a SQLite connection that is used here; `node:sqlite`'s DatabaseSync has it. */
export interface SqlConnection {
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

/** Kysely speaks better-sqlite3; this says the same words to `node:sqlite`. */
const dialect = (connection: SqlConnection, prepare: (text: string) => SqlStatement): SqliteDialect =>
  new SqliteDialect({
    database: {
      close: () => connection.close(),
      prepare(text) {
        const statement = prepare(text);
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
 * Brings the areas' tables up to date and answers the database. `connection` is a durable one (synchronous = FULL).
 * A transaction holds the one connection: inside `atomically` use only the transaction it hands out.
 */
export async function openHubDatabase(connection: SqlConnection, areas: readonly StoreArea[]): Promise<HubDatabase> {
  const kysely = new Kysely<unknown>({ dialect: dialect(connection, remembering(connection)) });
  await migrate(kysely, areas);
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
  await sql`create table if not exists store_step (area text primary key, steps integer not null) strict`.execute(
    steps,
  );
  await steps.transaction().execute(async (transaction) => {
    for (const area of areas) {
      const row = await transaction
        .selectFrom("store_step")
        .selectAll()
        .where("area", "=", area.name)
        .executeTakeFirst();
      const done = row?.steps ?? 0;
      for (const statement of area.steps.slice(done).flat()) await sql.raw(statement).execute(transaction);
      await transaction
        .insertInto("store_step")
        .values({ area: area.name, steps: area.steps.length })
        .onConflict((conflict) => conflict.column("area").doUpdateSet({ steps: area.steps.length }))
        .execute();
    }
  });
}
