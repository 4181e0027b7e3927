import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Floor, layOutFloor } from "../../src/cli/story/floor.ts";
import { runMaint } from "../../src/cli/story/processes.ts";

const BAD_INPUT = 2;
const UNAVAILABLE = 69;

/** Words in capitals stand for what `beforeAll` laid out. */
type Row = readonly [words: string, exitCode: number, says: RegExp];

const AT = "--data DATA --keys KEYS";
const DEAD = "--hub http://127.0.0.1:1 --keys KEYS";

const rows: readonly Row[] = [
  ["check NOPE", BAD_INPUT, /no such file/],
  ["fmt NOPE", BAD_INPUT, /no such file/],
  ["build NOPE", BAD_INPUT, /no such file/],
  ["build", BAD_INPUT, /missing required argument/],
  ["test NOPE", BAD_INPUT, /no such file/],
  ["explain nosuch", BAD_INPUT, /nosuch: no such code/],
  ["keys list --keys NOPE", BAD_INPUT, /no such file/],
  ["hub start --data NOPE", BAD_INPUT, /no hub was made here/],
  ["hub start --data DATA --port abc", BAD_INPUT, /"abc" is no port/],
  ["hub start --data DATA --port TAKEN", UNAVAILABLE, /port is in use/],
  [`hub status ${AT}`, UNAVAILABLE, /hub/],
  [`hub status ${DEAD}`, UNAVAILABLE, /no hub answers/],
  ["hub status --hub http://127.0.0.1:1 --keys NOPE", BAD_INPUT, /no such file|token/],
  [`hub register-node NOPE --out OUT ${DEAD}`, BAD_INPUT, /no such file/],
  [`hub register-node BAD_JSON --out OUT ${DEAD}`, BAD_INPUT, /neither YAML nor JSON/],
  [`hub set-register LP-9 NOPE ${DEAD}`, BAD_INPUT, /no such file/],
  ["node start LP-9 --data DATA", BAD_INPUT, /LP-9/],
  ["node start ../x --data DATA", BAD_INPUT, /no node id/],
  ["node enrol LP-9 --token-file NOPE --data DATA", UNAVAILABLE, /hub/],
  ["node enrol LP-9 --token-file NOPE --hub http://127.0.0.1:1 --data DATA", BAD_INPUT, /no such key or token file/],
  [`person add X-1 --role operator ${DEAD}`, UNAVAILABLE, /no hub answers/],
  [`contract create NOPE --domain general ${DEAD}`, BAD_INPUT, /no such file/],
  [`contract list ${AT}`, UNAVAILABLE, /hub/],
  [`contract deploy X ${DEAD}`, BAD_INPUT, /names no version/],
  [`contract retire X --reason y ${DEAD}`, BAD_INPUT, /names no version/],
  ["release verify", BAD_INPUT, /say which/],
  ["release verify --all --data NOPE", BAD_INPUT, /no PolicyCentral there/],
  ["release verify X --data DATA", BAD_INPUT, /no release/],
  ["record ack --node LP-9 --step x --data DATA --token ADMIN", UNAVAILABLE, /no agent of node LP-9/],
  ["gate --data DATA", BAD_INPUT, /--node/],
  ["gate --node ../x --data DATA", BAD_INPUT, /no node id/],
  [`status ${AT}`, UNAVAILABLE, /hub/],
  ["status --node LP-9 --data DATA", UNAVAILABLE, /no agent of node LP-9/],
  [`alert list ${AT}`, UNAVAILABLE, /hub/],
  ["alert list --limit 0", BAD_INPUT, /whole number/],
  [`pattern list ${AT}`, UNAVAILABLE, /hub/],
  [`proposal list ${AT}`, UNAVAILABLE, /hub/],
  [`proposal accept x --reason y ${DEAD}`, UNAVAILABLE, /no hub answers/],
  [`order link NOPE ${DEAD}`, BAD_INPUT, /no such file/],
  ["eval --contract NOPE --facts NOPE --at 2026-11-23T09:00:00-06:00", BAD_INPUT, /no such file/],
  ["story --folder BAD_JSON", BAD_INPUT, /is there already/],
  ["ledger list --data NOPE", BAD_INPUT, /no ledger there/],
  ["ledger verify --data DATA --node LP-9", BAD_INPUT, /no ledger there/],
  ["ledger list --from x", BAD_INPUT, /whole number/],
  ["ledger list --node ../x", BAD_INPUT, /no node id/],
  [`report audit -o OUT ${DEAD}`, UNAVAILABLE, /no hub answers/],
  ["report audit", BAD_INPUT, /--out/],
  ["report audit --order A --station B -o OUT", BAD_INPUT, /cannot be used with/],
  ["report audit --from yesterday -o OUT", BAD_INPUT, /neither a day nor an instant/],
  ["report audit --from 2026-11-01 --zone Mars/Base -o OUT", BAD_INPUT, /no such zone/],
  ["report audit -o BAD_JSON", BAD_INPUT, /is there already/],
  [`report verify NOPE --key ${"0".repeat(64)}`, BAD_INPUT, /no such file/],
  ["report verify BAD_JSON --key abc", BAD_INPUT, /no Ed25519 public key/],
  ["story --month --nodes 1", BAD_INPUT, /from 4 to 200/],
  ["story --month --days many", BAD_INPUT, /from 10 to 60/],
  ["nosuch", BAD_INPUT, /nosuch/],
];

/** One line that says what is wrong, at most one of help, and nothing of the program's inside. */
function expectOneClearLine(stderr: string): void {
  const [first = "", ...more] = stderr.trimEnd().split("\n");
  expect(first).toMatch(/^maint: \S/);
  expect(stderr).not.toMatch(/^\s+at |our own mistake|node:internal|\[object|undefined/m);
  for (const line of more) expect(line).toMatch(/^\s*(help: |\(Did you mean )/);
  expect(more.length).toBeLessThanOrEqual(1);
}

describe("commands that cannot be done", () => {
  let folder: string;
  let floor: Floor;
  let taken: Server;
  let stand: { readonly [word: string]: string };

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "maint-bad-input-"));
    floor = await layOutFloor(join(folder, "floor"));
    taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
    const address = taken.address();
    const port = typeof address === "object" && address !== null ? String(address.port) : "";
    mkdirSync(join(folder, "files"));
    writeFileSync(join(folder, "files", "bad.json"), '{"id": [');
    stand = {
      DATA: floor.data,
      KEYS: floor.keys,
      NOPE: join(folder, "nope"),
      OUT: join(folder, "out"),
      BAD_JSON: join(folder, "files", "bad.json"),
      ADMIN: floor.tokenOf("admin"),
      TAKEN: port,
    };
  });
  afterAll(async () => {
    await floor?.stop();
    await new Promise((resolve) => taken.close(resolve));
    rmSync(folder, { recursive: true, force: true });
  });

  const run = (words: string) => runMaint(words.split(" ").map((word) => stand[word] ?? word));

  test.for(rows)("maint %s → %i", { timeout: 15_000 }, async ([words, exitCode, says]) => {
    const outcome = await run(words);
    expect(outcome.stderr).toMatch(says);
    expect(outcome.exitCode, outcome.stderr).toBe(exitCode);
    expectOneClearLine(outcome.stderr);
    expect(outcome.stdout).toBe("");
  });

  test("no agent: the gate says blocked on standard output, where the test program reads it", async () => {
    const outcome = await run("gate --node LP-9 --data DATA --token ADMIN");
    expect(outcome).toMatchObject({ exitCode: UNAVAILABLE, stderr: "" });
    expect(outcome.stdout).toMatch(/^BLOCKED {2}runtime\.unavailable:node\n/);
  });

  test("control: what is there is answered", async () => {
    expect(await run("release verify --all --data DATA")).toMatchObject({ exitCode: 0, stderr: "" });
    expect(await run("keys list --keys KEYS")).toMatchObject({ exitCode: 0, stderr: "" });
  });
});
