import { expect, test } from "vitest";
import { compile } from "../../src/compiler/index.ts";
import { MAX_REMEMBERED_SELECTIONS } from "../../src/model/limits.ts";
import { snapshotFromValues } from "../../src/model/snapshot-parse.ts";
import { indexReleases, loadBundle, type Release, type ReleaseIndex } from "../../src/runtime/index.ts";
import { selectContracts } from "../../src/runtime/selection.ts";
import { chicago } from "../conformance/vectors.ts";
import { now } from "./gate-fixture.ts";

const STATIONS = [null, "penetrant-line", "mt-bench", "torque-cell"];
const KINDS = [null, "final", "in-process"];

let state = 41;
const draw = (below: number): number => {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return (state >>> 8) % below;
};
const pick = <T>(list: readonly T[]): T => list[draw(list.length)] as T;

function textOf(id: string): string {
  const station = pick(STATIONS);
  const kinds = Array.from({ length: 1 + draw(2) }, () => pick(KINDS));
  const blocks = kinds.map(
    (kind, index) =>
      `  before every ${kind === null ? "" : `${kind} `}test {\n    part-${index}:\n      each day, the operator must acknowledge "step ${index}"\n  }\n`,
  );
  return `contract ${id} "${id}" {\n  for every ${station === null ? "" : `${station} `}station\n\n${blocks.join("\n")}\n}\n`;
}

function release(id: string, place: number): Release {
  const text = textOf(id);
  const { contracts, diagnostics } = compile([{ name: `${id}.maint`, text }]);
  const [contract] = contracts;
  if (contract === undefined) throw new Error(`${text}\n${JSON.stringify(diagnostics)}`);
  const loaded = loadBundle(contract.bytes);
  if (!loaded.ok) throw new Error(loaded.error.message);
  const fromDay = pick([null, null, chicago.dayOf(now) - 3, chicago.dayOf(now) + 3]);
  return { loaded: loaded.value, version: `v1.${place}`, fromDay };
}

const ids = Array.from({ length: 30 }, (_, index) => `C-${index}`);
const releases = ids.flatMap((id) => Array.from({ length: 1 + draw(3) }, (_, place) => release(id, place)));
const index = indexReleases(releases);
const everything = index.candidates(undefined, undefined);
/** As if there were no index: every contract is looked at. */
const unindexed: ReleaseIndex = { ...index, candidates: () => everything };
/** An index with a mistake: contracts for every station are forgotten. */
const forgetful: ReleaseIndex = {
  ...index,
  candidates: (station, kind) =>
    index
      .candidates(station, kind)
      .filter(({ releases: list }) => list.some(({ loaded }) => loaded.bundle.scope.stationType !== null)),
};

function selected(set: ReleaseIndex, facts: object): unknown {
  const snapshot = snapshotFromValues(facts);
  const { bindings, findings } = selectContracts({
    ...{ snapshot, now, calendar: chicago },
    releases: set,
    assumeBinding: false,
  });
  return {
    bound: bindings.map(({ release: { loaded, version }, conditions }) => [
      loaded.bundle.contract,
      version,
      conditions,
    ]),
    findings,
  };
}

const factsOf = (): object => ({
  station: { type: pick([...STATIONS.filter((type) => type !== null), "unheard-of", undefined, ""]) },
  test: {
    kind: pick([...KINDS.filter((kind) => kind !== null), "unheard-of", undefined, ""]),
    clientPO: pick([undefined, "PO-1"]),
  },
  orders: [
    { id: "PO-1", state: "open", tests: [{ name: pick(["final", "other"]), maintenance: pick([...ids, "C-99"]) }] },
  ],
});

test("the index selects what looking at every contract selects, in the same order", () => {
  for (let run = 0; run < 2_000; run++) {
    const facts = factsOf();
    expect(selected(index, facts), JSON.stringify(facts)).toEqual(selected(unindexed, facts));
  }
});

test("control: a forgetful index is caught", () => {
  let caught = 0;
  for (let run = 0; run < 200; run++) {
    const facts = factsOf();
    if (JSON.stringify(selected(forgetful, facts)) !== JSON.stringify(selected(unindexed, facts))) caught += 1;
  }
  expect(caught).toBeGreaterThan(50);
});

test("a decision looks at the contracts of its station and test alone", () => {
  const few = index.candidates("mt-bench", "final").length;
  expect(few).toBeLessThan(ids.length);
  expect(index.candidates("mt-bench", "final")).toBe(index.candidates("mt-bench", "final"));
});

test("what was selected once is remembered, for as many names as there is room", () => {
  const index = indexReleases(releases);
  const asked = Array.from({ length: MAX_REMEMBERED_SELECTIONS + 1 }, (_, at) => index.candidates("uv", `kind ${at}`));
  const again = (at: number): boolean => index.candidates("uv", `kind ${at}`) === asked[at];
  expect([0, MAX_REMEMBERED_SELECTIONS - 1, MAX_REMEMBERED_SELECTIONS].map(again)).toEqual([true, true, false]);
  expect(index.candidates("uv", `kind ${MAX_REMEMBERED_SELECTIONS}`)).toEqual(asked.at(-1));
});

test("a release is in force from its instant to the one at which the next takes over, which has it no more", () => {
  const [{ loaded } = release("C-0", 0)] = releases;
  const released = (version: string, more: Partial<Release>): Release => ({ loaded, version, fromDay: null, ...more });
  const older = released("v1.1", { activeUntilMs: now });
  const newer = released("v1.0", { activeFromMs: now });
  const inForce = (atMs: number, listed: readonly Release[]): unknown =>
    selectContracts({
      ...{ snapshot: snapshotFromValues({}), now: atMs, calendar: chicago, assumeBinding: true },
      releases: indexReleases(listed),
    }).bindings.map(({ release: { version } }) => version);
  const at = (...listed: readonly Release[]) => [now - 1, now, now + 1].map((ms) => inForce(ms, listed));
  expect(at(older, newer)).toEqual([["v1.1"], ["v1.0"], ["v1.0"]]);
  // Its contract was taken away from here: from that instant on nothing of it is in force.
  expect(at(older)).toEqual([["v1.1"], [], []]);
});
