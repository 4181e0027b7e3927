import { join } from "node:path";
import { hubClient } from "../../src/cli/hub-client.ts";
import { storeRelease } from "../../src/cli/store-release.ts";
import { makeSigningKey } from "../../src/disk/key-file.ts";
import { openDatabase, transaction } from "../../src/disk/sqlite.ts";
import { createHub, type Hub } from "../../src/hub/index.ts";

export interface Size {
  readonly nodes: number;
  readonly contracts: number;
  /** A contract binds every tenth node, and a node every tenth contract: deployments are a tenth of their product. */
  readonly alerts: number;
}

const BATCH = 500;
const KINDS = 10;
/** A role of one domain lists no more than a hundred files. */
const DOMAINS = ["penetrant", "magnetic-particle", "torque", "thermal", "general"];
const DUE_A_NODE = 6;
const START_MS = 1_795_000_000_000;
const admin = { id: "ADM-1", roles: ["admin"] };

/**
 * Fills a data folder with a floor that has run for long: contracts, nodes and desired sets are made by the hub itself, what the
 * nodes said of them is written into its tables. The hub is stopped again.
 */
export async function fill(dataFolder: string, keys: string, size: Size): Promise<void> {
  const hub = await createHub({ dataFolder });
  await storeContracts(hub, keys, size.contracts);
  const { nodes, rollout } = hub.services;
  for (let from = 0; from < size.nodes; from += BATCH) {
    const indexes = Array.from({ length: Math.min(BATCH, size.nodes - from) }, (_, index) => from + index);
    const registers = indexes.map((index) => ({
      station: { id: nodeId(index), type: kindOf(index) },
      plantZone: "UTC",
    }));
    const tokens = await nodes.registerFleet(registers, admin);
    await nodes.enrolFleet(tokens.map(({ id, token }) => ({ node: id, token, publicKey: makeSigningKey().publicHex })));
  }
  await rollout.refresh();
  await hub.stop();
  const db = openDatabase(join(dataFolder, "hub", "hub.db"));
  transaction(db, () => {
    for (const text of statements(size)) db.exec(text);
  });
  db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  db.close();
}

export const nodeId = (index: number): string => `SIM-${index + 1}`;
export const contractId = (index: number): string => `CONTRACT-${index + 1}`;
const kindOf = (index: number): string => `kind-${index % KINDS}`;

async function storeContracts(hub: Hub, keys: string, count: number): Promise<void> {
  const asked = hubClient({ hub: hub.url, keys });
  for (let index = 0; index < count; index++) {
    const contract = contractId(index);
    await asked.post("/v1/contracts", {
      text: textOf(contract, kindOf(index)),
      domain: DOMAINS[index % DOMAINS.length],
    });
    await asked.post(`/v1/contracts/${contract}/validate`, {});
    const stored = await storeRelease({ hub: asked, contract, keys });
    if (!stored.published) throw new Error(`${contract} waits for a second person`);
  }
}

const textOf = (contract: string, kind: string): string => `contract ${contract} "One of many" {
  for every ${kind} station

  light-meter  is a radiometer, by default "LM-1"
  uv-intensity is measured in uW/cm2

  before every test {
    calibrated:
      the light-meter must be calibrated every 12 months

    uv-each-day:
      each day, uv-intensity must be at least 1000 uW/cm2
  }
}

test "a weak lamp blocks" of ${contract} {
  at 2026-11-24 09:00 in UTC
  uv-intensity reads 999 uW/cm2 at 06:20
  expect blocked by uv-each-day
}
`;

const SEVERITIES = "json_array('info', 'medium', 'high', 'critical')";
const digest = `'sha256:${"0".repeat(64)}'`;
const isBlocked = "node.rowid % 10 = 0";

/** `n` counts from 0 in each of them. */
const upTo = (count: number): string =>
  `with recursive counter (n) as (select 0 union all select n + 1 from counter where n + 1 < ${count})`;

const statements = (size: Size): readonly string[] => [
  `update deployment set phase = 'effective', acknowledged_at_ms = ${START_MS}, updated_at_ms = ${START_MS}`,
  `update node set last_seen_ms = ${START_MS}, report_counter = 1, report = json_object('node', id, 'counter', 1,
      'observedGeneration', generation, 'attempted', json('{}'), 'documents', json('{}'), 'ledgerHead', json('{}'),
      'active', (select json_group_object(d.contract, json_object('version', d.version, 'digest', v.bundle_digest))
        from deployment d join contract_version v using (contract, version) where d.node = node.id))`,
  // Every tenth station is blocked; each has something that lapses, as far apart as a quarter is long.
  `insert into standing select id, ${START_MS}, ${START_MS}, 'STF-1', ${isBlocked},
      json_array(json_object('kind', 'penetrant', 'allow', json(iif(${isBlocked}, 'false', 'true')),
        'reasons', json(iif(${isBlocked}, '["calibration.overdue:LM-1"]', '[]')), 'warnings', json('[]'),
        'toDo', iif(${isBlocked}, 'Calibrate LM-1 and record its certificate', null)))
    from node`,
  `${upTo(DUE_A_NODE)} insert into standing_due
    select node.id, n, ${START_MS} + (node.rowid % 90) * 86400000 + n, iif(n % 2 = 0, 'reason', 'warning'),
      json_object('code', 'calibration.overdue', 'subject', 'LM-' || n, 'severity', iif(n % 2 = 0, 'reason', 'warning'),
        'fromMs', ${START_MS} + (node.rowid % 90) * 86400000 + n, 'from', '2026-11-18T06:26:40-06:00', 'holdsAlready',
        json('false'), 'text', 'the calibration of LM-' || n || ' lapses', 'contract', 'CONTRACT-1', 'condition', 'calibrated',
        'toDo', 'Calibrate LM-' || n, 'who', 'QA')
    from node, counter`,
  // A node has ten things it complains of, again and again; every tenth alert stands open.
  `${upTo(size.alerts)} insert into alert (node, epoch, seq, fingerprint, contract, at_ms, received_at_ms, body, plan, raises,
      acknowledged_by, acknowledged_at_ms, acknowledgement_note)
    select node, '0123456789abcdef', seq, fingerprint, contract, at_ms, at_ms, json_object('node', node,
        'epoch', '0123456789abcdef', 'seq', seq, 'kind', 'decision-blocked', 'severity', severity, 'atMs', at_ms,
        'contract', contract, 'version', 'v1.0', 'bundleDigest', ${digest}, 'condition', 'uv-each-day', 'reason',
        'reading.out-of-limits', 'subject', subject, 'text', subject || ' is 900 uW/cm2', 'testId', 'T-' || seq, 'stationId',
        node, 'stationType', 'penetrant', 'assets', json('[]'), 'reading', null, 'tell', json('[]'), 'ledgerSeq', seq),
      '[{"role":"supervisor","severity":"high","afterMs":0}]', 0,
      iif(open, null, 'SUP-1'), iif(open, null, at_ms), iif(open, null, 'seen')
    from (select *, 'lamp-' || thing as subject, node || '/' || thing as fingerprint,
          'CONTRACT-' || (thing % ${size.contracts} + 1) as contract, n / ${size.nodes} + 1 as seq, thing = 9 as open
        from (select n, 'SIM-' || (n % ${size.nodes} + 1) as node, (n / ${size.nodes}) % 10 as thing,
            ${START_MS} + n as at_ms, json_extract(${SEVERITIES}, '$[' || (n % 4) || ']') as severity
          from counter))`,
  `insert into alert_group
    select fingerprint, node, contract, 'uv-each-day', 'reading.out-of-limits', json_extract(body, '$.subject'), 2,
      iif(acknowledged_by is null, 2, -1), count(*), sum(acknowledged_by is null), min(at_ms), max(at_ms), null
    from alert group by fingerprint`,
  "update pattern_follow set alert = (select max(id) from alert)",
  "analyze",
];
