import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { MaintError } from "../base/maint-error.ts";
import { loadKeyFile, type PublicKey } from "../disk/key-file.ts";
import { type LedgerReader, readLedgerFile } from "../disk/ledger-file.ts";
import {
  type CheckpointAnswer,
  type ConsistencyAnswer,
  checkpointOf,
  consistencyOf,
  type EntryAnswer,
  entryOf,
  type InclusionAnswer,
  inclusionOf,
  type ListAnswer,
  listOf,
  parseLedgerQuery,
} from "../disk/ledger-questions.ts";
import { readTokenFile } from "../disk/read-token.ts";
import { isTestNodeId } from "../model/ids.ts";
import { askAgent } from "./agent-client.ts";
import { addressIn, dataFolder, keysFolder, mustBeHttp } from "./data-folder.ts";
import { type HubOptions, hubClient } from "./hub-client.ts";

/** Which ledger, and where it is asked. */
export interface SourceOptions extends HubOptions {
  readonly node?: string;
  readonly nodeUrl?: string;
  readonly file?: string;
}

/** A ledger that answers, whether a process holds it or it lies in a folder nobody works in. */
export interface LedgerSource {
  /** For a reader: an address or a file. */
  readonly where: string;
  readonly list: (params: URLSearchParams) => Promise<ListAnswer>;
  readonly entry: (seq: number) => Promise<EntryAnswer>;
  readonly inclusion: (seq: number, size: number | undefined) => Promise<InclusionAnswer>;
  readonly consistency: (from: number, to: number | undefined) => Promise<ConsistencyAnswer>;
  readonly checkpoint: () => Promise<CheckpointAnswer>;
  readonly close: () => void;
}

/** `ledger.db` of the hub's or the node's folder, or the named file. */
export function ledgerPath({ data, node, file }: SourceOptions): string {
  if (file !== undefined) return file;
  const folder = dataFolder(data);
  if (node === undefined) return join(folder, "hub", "ledger.db");
  if (!isTestNodeId(node)) throw new MaintError("MAINT_ERR_USAGE", `"${node}" is no node id`);
  return join(folder, "nodes", node, "ledger.db");
}

const NOBODY_THERE: readonly string[] = ["MAINT_ERR_HUB_UNREACHABLE", "MAINT_ERR_AGENT_UNREACHABLE"];

/**
 * The process that works in the folder is asked, with a person's token, and writes down who read; where none works there the
 * file is read. An address that was left behind by a killed process counts as none.
 */
export async function openSource(options: SourceOptions): Promise<LedgerSource> {
  refuseMixtures(options);
  const path = ledgerPath(options);
  if (options.file !== undefined) return fileSource(path);
  const named = options.node === undefined ? options.hub : options.nodeUrl;
  if (named !== undefined) return processSource(options, named);
  const address = addressIn(join(dirname(path), "address.json"));
  if (address === undefined) return fileSource(path);
  const source = processSource(options, address);
  try {
    await source.checkpoint();
    return source;
  } catch (error) {
    if (error instanceof MaintError && NOBODY_THERE.includes(error.code)) return fileSource(path);
    throw error;
  }
}

function refuseMixtures({ hub, node, nodeUrl, file }: SourceOptions): void {
  const usage = (message: string): MaintError => new MaintError("MAINT_ERR_USAGE", message);
  if (hub !== undefined && node !== undefined)
    throw usage("--hub asks for the hub's ledger; leave --node out, or --hub");
  if (nodeUrl !== undefined && node === undefined) throw usage("--node-url needs --node");
  if (file !== undefined && (hub ?? node) !== undefined)
    throw usage("--file reads that file; leave --hub and --node out");
}

function processSource(options: SourceOptions, url: string): LedgerSource {
  const get = options.node === undefined ? hubGet({ ...options, hub: url }) : agentGet(options, url);
  const ask = async <T>(path: string): Promise<T> => (await get(`/v1/ledger${path}`)) as T;
  const also = (name: string, value: number | undefined): string => (value === undefined ? "" : `&${name}=${value}`);
  return {
    where: url,
    list: (params) => ask(`?${params}`),
    entry: (seq) => ask(`/entry?seq=${seq}`),
    inclusion: (seq, size) => ask(`/proof?seq=${seq}${also("size", size)}`),
    consistency: (from, to) => ask(`/consistency?from=${from}${also("to", to)}`),
    checkpoint: () => ask("/checkpoint"),
    close: () => undefined,
  };
}

type Get = (path: string) => Promise<unknown>;

const hubGet = (options: HubOptions): Get => hubClient(options).get;

/** As at a hub, the administrator's token where no other is named: the ledger is for people who answer for the floor. */
function agentGet(options: SourceOptions, url: string): Get {
  const file = options.token ?? process.env["MAINT_TOKEN_FILE"] ?? join(keysFolder(options.keys), "admin.token");
  const token = readTokenFile(file);
  return async (path) => (await askAgent({ method: "GET", path, url: mustBeHttp(url), token })).body;
}

function fileSource(path: string): LedgerSource {
  const reader = readLedgerFile(path);
  return { where: path, ...answersOf(reader, keyBeside(path)), close: reader.close };
}

const answersOf = (reader: LedgerReader, key: PublicKey | null): Omit<LedgerSource, "where" | "close"> => ({
  list: async (params) => listOf(reader, parseLedgerQuery(params)),
  entry: async (seq) => entryOf(reader, seq),
  inclusion: async (seq, size) => inclusionOf(reader, seq, size),
  consistency: async (from, to) => consistencyOf(reader, from, to),
  checkpoint: async () => checkpointOf(reader, key),
});

/** The key of a hub's or a node's folder; null where it is not there, as with a copy. */
function keyBeside(path: string): PublicKey | null {
  const file = join(dirname(path), "key");
  return existsSync(file) ? loadKeyFile(file) : null;
}
