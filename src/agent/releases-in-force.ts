import { parseDate } from "../base/civil-time.ts";
import { indexReleases, type Release, type ReleaseIndex } from "../runtime/index.ts";
import type { Standing } from "./activation.ts";
import { inForceSince } from "./node-state.ts";
import type { VerifiedRelease } from "./release-set.ts";
import { type Vocabulary, vocabularyOf } from "./vocabulary.ts";

type Ready = Extract<Standing, { readonly kind: "ready" }>;

/**
 * The releases a node decides by: those of the active set, and those of earlier sets for tests that began under them and for
 * the time until a newer one's date. Contracts in the shadow are kept and verified, and decide nothing. Source: decisions.md B16.
 */
export const releasesInForce = (standing: Ready): ReleaseIndex => indexReleases(releaseList(standing));

/** The same with one version in the place of its contract's others, or beside them where it has none. */
export function releasesWith(standing: Ready, tried: VerifiedRelease): ReleaseIndex {
  const others = releaseList(standing).filter(({ loaded }) => loaded.bundle.contract !== tried.contract);
  return indexReleases([...others, releaseOf(tried)]);
}

function releaseList({ set, accepted, earlier }: Ready): readonly Release[] {
  const sets = [...[...earlier].reverse(), { set, accepted }].flatMap((one): readonly SetSince[] => {
    const atMs = inForceSince(one.accepted);
    // One that waits, or was taken back, has never had a say.
    return atMs === null ? [] : [{ set: one.set, atMs }];
  });
  const contracts = new Set(sets.flatMap((one) => one.set.contracts.map(({ contract }) => contract)));
  return [...contracts].flatMap((contract) => releasesOf(contract, sets));
}

const known = new WeakMap<Ready, Vocabulary>();

/**
 * The names that evidence may use here: also those that only an earlier release has, since a running test still asks for them;
 * where both name something, the active set's word holds.
 */
export function vocabularyInForce(standing: Standing): Vocabulary {
  if (standing.kind !== "ready") return vocabularyOf([], null);
  const before = known.get(standing);
  if (before !== undefined) return before;
  const sets = [...[...standing.earlier].reverse().map((one) => one.set), standing.set];
  const bundles = sets.flatMap(({ contracts }) => contracts.map(({ bundle }) => bundle));
  const vocabulary = vocabularyOf(bundles, standing.set.register);
  known.set(standing, vocabulary);
  return vocabulary;
}

interface SetSince {
  readonly set: Ready["set"];
  readonly atMs: number;
}

/** One for each stretch of time in which the contract stood in the same version. */
function releasesOf(contract: string, sets: readonly SetSince[]): readonly Release[] {
  let releases: Release[] = [];
  let current: VerifiedRelease | undefined;
  sets.forEach(({ set, atMs }, index) => {
    const found = set.contracts.find((one) => one.contract === contract && one.mode === "enforce");
    if (found?.digest === current?.digest && found?.from === current?.from) return;
    // Where another version follows, it takes over by its date; where none does, the contract ends, and with it every version
    // that another had taken over from: else the one before would be in force again.
    if (found === undefined) releases = releases.map((one) => ({ activeUntilMs: atMs, ...one }));
    // Nobody remembers what stood before the oldest set, so that one was in force from ever.
    if (found !== undefined) releases.push({ ...releaseOf(found), ...(index === 0 ? {} : { activeFromMs: atMs }) });
    current = found;
  });
  return releases;
}

const releaseOf = ({ loaded, version, from, offline }: VerifiedRelease): Release => ({
  ...{ loaded, version, offline },
  // A date that cannot be read never comes.
  fromDay: from === null ? null : (parseDate(from) ?? Number.MAX_SAFE_INTEGER),
});
