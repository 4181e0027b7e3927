import { below, chance, choose, type Random, shuffled } from "../fuzz/gate-random.ts";
import {
  alias,
  type DelegationJson,
  instant,
  type MetaFileJson,
  type RootJson,
  type Signer,
  sealAnything,
  type TargetsJson,
  TOP_ROLES,
  type TufRepository,
} from "./tuf-repository.ts";

/** A history as it is made: the repository, chance, and what may be served again later. */
export interface Making {
  readonly repo: TufRepository;
  readonly next: Random;
  /** States of the repository at earlier steps. */
  readonly earlier: (() => void)[];
  /** Why we may be stricter than TUF from here on; `stricter.ts` says what each is. */
  readonly causes: Set<Cause>;
}

export type Cause = "own-copy" | "same-version" | "two-ids" | "range" | "spelling" | "root-replaced" | "size" | "name";
type Act = (making: Making) => void;

const DAY_MS = 86_400_000;
const DIRS = ["a", "b", "c"];
const PATTERNS = ["a/*", "b/*", "c/*", "*/*", "a/f?.json", "*/f1.json", "*", "b/f[12].json"];
const NAMES = ["A", "B", "C", "D", "E"];

export const somePath = (next: Random): string => `${choose(next, DIRS)}/f${below(next, 3)}.json`;
const someRole = ({ repo, next }: Making): string => choose(next, [...repo.targets.keys()]);
/** Any role but the root. */
const someDocument = (making: Making): string =>
  choose(making.next, ["timestamp", "snapshot", "targets", someRole(making)]);

function above(role: string): readonly string[] {
  if (role === "timestamp" || role === "root") return [];
  return role === "snapshot" ? ["timestamp"] : ["snapshot", "timestamp"];
}

interface Place {
  readonly parent: string;
  readonly delegation: DelegationJson;
}

function delegations({ repo }: Making): readonly Place[] {
  return [...repo.targets].flatMap(([parent, document]) =>
    (document.delegations?.roles ?? []).map((delegation) => ({ parent, delegation })),
  );
}

const release: Act = (making) => {
  const { repo, next } = making;
  const role = someRole(making);
  repo.addTarget(role, somePath(next), `${role} ${below(next, 1_000)}`);
  repo.publish(role, ...above(role));
};

const rotateRoot: Act = ({ repo, next }) => {
  const count = 1 + below(next, 3);
  repo.rotate("root", "root", count, 1 + below(next, count));
  repo.publish("root");
  const { keyids } = repo.roleOf("root");
  repo.signers.set(
    "root",
    (repo.signers.get("root") ?? []).filter(({ keyId }) => keyids.includes(keyId)),
  );
};

const rotateTop: Act = ({ repo, next, causes }) => {
  const roles = shuffled(next, ["timestamp", "snapshot", "targets"]).slice(0, 1 + below(next, 3));
  for (const role of roles) {
    const count = 1 + below(next, 3);
    repo.rotate(role, "root", count, 1 + below(next, count));
    // What a repository does whose versions were run up.
    if (chance(next, 0.5)) continue;
    repo.documentOf(role).version = below(next, 3);
    causes.add("same-version");
  }
  repo.publish("root", "targets", "snapshot", "timestamp");
};

const threshold: Act = ({ repo, next }) => {
  const role = choose(next, TOP_ROLES);
  const named = repo.roleOf(role);
  if (named.threshold > 1 && chance(next, 0.5)) named.threshold -= 1;
  else {
    repo.addKey(role);
    named.threshold += 1;
  }
  repo.publish("root", role, ...above(role));
};

const delegate: Act = (making) => {
  const { repo, next } = making;
  const parent = someRole(making);
  const free = NAMES.filter(
    (name) => repo.targetsOf(parent).delegations?.roles.every((one) => one.name !== name) ?? true,
  );
  const name = choose(next, free.length > 0 ? free : ["F"]);
  if (free.length === 0 && repo.targets.has("F")) return;
  const paths = [choose(next, PATTERNS), choose(next, PATTERNS)];
  repo.addDelegation(parent, { name, paths, terminating: chance(next, 0.3) });
  if (chance(next, 0.3)) {
    repo.addKey(name, parent);
    repo.roleOf(name, parent).threshold = 2;
  }
  repo.addTarget(name, somePath(next), `${name} by ${parent}`);
  repo.publish(name, ...(parent === name ? [] : [parent]), "snapshot", "timestamp");
};

/** One that another parent names too, by a key of its own that does not sign: no authority is inherited. */
const diamond: Act = (making) => {
  const { repo, next } = making;
  const place = delegations(making).find(({ parent }) => parent !== "targets");
  if (
    place === undefined ||
    repo.targetsOf("targets").delegations?.roles.some(({ name }) => name === place.delegation.name)
  )
    return;
  const before = repo.signers.get(place.delegation.name) ?? [];
  repo.addDelegation("targets", { name: place.delegation.name, paths: [choose(next, PATTERNS)] });
  if (chance(next, 0.5)) repo.signers.set(place.delegation.name, before);
  repo.publish(place.delegation.name, "targets", "snapshot", "timestamp");
};

const changeDelegation =
  (change: (making: Making, place: Place, roles: DelegationJson[]) => void): Act =>
  (making) => {
    const places = delegations(making);
    if (places.length === 0) return delegate(making);
    const { repo, next } = making;
    const place = choose(next, places);
    change(making, place, repo.targetsOf(place.parent).delegations?.roles ?? []);
    repo.publish(
      place.delegation.name,
      ...(place.parent === place.delegation.name ? [] : [place.parent]),
      "snapshot",
      "timestamp",
    );
  };

const renew: Act = ({ repo, next }) => {
  const days = 1 + below(next, 60);
  for (const role of [...TOP_ROLES, ...repo.targets.keys()])
    repo.documentOf(role).expires = instant(repo.nowMs + days * DAY_MS);
  repo.publish(...TOP_ROLES, ...[...repo.targets.keys()].filter((role) => role !== "targets"));
};

export const honest: { readonly [name: string]: Act } = {
  timestamp: ({ repo }) => repo.publish("timestamp"),
  release,
  rotateRoot,
  rotateTop,
  threshold,
  delegate,
  diamond,
  move: changeDelegation(({ next }, _place, roles) => roles.splice(0, roles.length, ...shuffled(next, roles))),
  terminate: changeDelegation((_making, { delegation }) => {
    delegation.terminating = !delegation.terminating;
  }),
  repath: changeDelegation(({ next }, { delegation }) => {
    delegation.paths = [choose(next, PATTERNS)];
  }),
  undelegate: changeDelegation((_making, { delegation }, roles) => roles.splice(roles.indexOf(delegation), 1)),
  rekey: changeDelegation(({ repo, next }, { parent, delegation }) =>
    repo.rotate(delegation.name, parent, 2, 1 + below(next, 2)),
  ),
  hashes: ({ repo }) => {
    repo.hashes = !repo.hashes;
    repo.publish("targets", "snapshot", "timestamp");
  },
  time: ({ repo, next }) => {
    repo.nowMs += (1 + below(next, 400)) * 3_600_000;
  },
  renew,
  chain: ({ repo }) => {
    if (repo.targets.has("n0")) return;
    // Longer than any search goes.
    let parent = "targets";
    for (let index = 0; index < 36; index++) {
      repo.addDelegation(parent, { name: `n${index}`, paths: ["*/*"] });
      parent = `n${index}`;
    }
    repo.addTarget("n28", "a/near.json", "near");
    repo.addTarget("n35", "a/far.json", "far");
    repo.publish(...[...repo.targets.keys()].filter((role) => /^n\d/.test(role)), "targets", "snapshot", "timestamp");
  },
};

/** One version up, changed and signed by whom it says, and properly linked: nothing else is wrong. */
function spoil<T extends RootJson | MetaFileJson | TargetsJson>(
  { repo }: Making,
  role: string,
  change: (document: T) => void,
  signers: readonly Signer[] = repo.signers.get(role) ?? [],
  respell: (text: string) => string = (text) => text,
): void {
  const document = repo.documentOf(role) as T;
  document.version += 1;
  change(document);
  repo.put(role, document.version, Buffer.from(respell(sealAnything(document, signers).toString())));
  repo.publish(...above(role));
}

const unchanged = (): void => undefined;

function currentFiles({ repo }: Making): readonly string[] {
  const { root, snapshot, timestamp } = repo;
  const listed = Object.entries(snapshot.meta).map(([file, { version }]) => `${version}.${file}`);
  const names = ["timestamp.json", `${timestamp.meta["snapshot.json"]?.version}.snapshot.json`, ...listed];
  return [...names, `${root.version}.root.json`]
    .map((name) => `metadata/${name}`)
    .filter((name) => repo.served.has(name));
}

function changeBytes(change: (bytes: Buffer, making: Making) => Buffer | undefined): Act {
  return (making) => {
    const { repo, next } = making;
    const name = choose(next, currentFiles(making));
    if (name.endsWith("root.json")) making.causes.add("root-replaced");
    const changed = change(Buffer.from(repo.served.get(name) as Buffer), making);
    if (changed === undefined) repo.served.delete(name);
    else repo.served.set(name, changed);
    making.causes.add("own-copy");
  };
}

const fileOf = (role: string, { repo }: Making): string =>
  role === "timestamp" ? "metadata/timestamp.json" : `metadata/${repo.documentOf(role).version}.${role}.json`;

/** Versions that a repository does not reach by counting. Our limit lies where a signed 32-bit number ends. */
const runUp: Act = (making) => {
  const { next } = making;
  const version = choose(next, [2 ** 31 - 1, 2 ** 31, 2 ** 31 + 5, 2 ** 53 - 1]);
  if (version >= 2 ** 31 - 1) making.causes.add("range");
  const role = someDocument(making);
  making.repo.documentOf(role).version = version - 1;
  spoil(making, role, unchanged);
};

const twoIds: Act = (making) => {
  const { repo, next } = making;
  const role = choose(next, ["timestamp", "snapshot", "targets"] as const);
  const [signer] = repo.signers.get(role) ?? [];
  if (signer === undefined) return;
  const other = alias(signer);
  repo.root.roles[role] = { keyids: [signer.keyId, other.keyId], threshold: 2 };
  Object.assign(repo.root.keys, { [signer.keyId]: signer.key, [other.keyId]: other.key });
  repo.signers.set(role, [signer, other]);
  making.causes.add("two-ids");
  repo.publish("root", "targets", "snapshot", "timestamp");
};

/** Just fitting, and just not, by tuf-js's limits and by our own, which is lower for targets. */
const SIZES = [
  { role: "timestamp", size: 16_384 },
  { role: "timestamp", size: 16_385 },
  { role: "snapshot", size: 2_000_001 },
  { role: "root", size: 512_001 },
  { role: "targets", size: 3 * 2 ** 20 + 1 },
  { role: "targets", size: 5_000_001 },
];

const oversize: Act = (making) => {
  const { role, size } = choose(making.next, SIZES);
  if (role === "targets" || role === "snapshot") making.causes.add("size");
  spoil(making, role, unchanged, undefined, (text) => text + " ".repeat(Math.max(0, size - text.length)));
};

const rootBy =
  (pick: (old: readonly Signer[], fresh: readonly Signer[]) => readonly Signer[]): Act =>
  (making) => {
    const { repo } = making;
    const old = repo.signers.get("root") ?? [];
    repo.rotate("root", "root", 2, 2);
    const fresh = (repo.signers.get("root") ?? []).filter((one) => !old.includes(one));
    spoil(making, "root", unchanged, pick(old, fresh));
  };

export const hostile: { readonly [name: string]: Act } = {
  expired: (making) => {
    const { repo, next } = making;
    const ago = choose(next, [0, 0, 1_000, DAY_MS]);
    spoil(making, choose(next, ["root", someDocument(making)]), (document) => {
      document.expires = instant(repo.nowMs - ago);
    });
  },
  barelyFresh: (making) =>
    spoil(making, someDocument(making), (document) => {
      document.expires = instant(making.repo.nowMs + 1_000);
    }),
  unsigned: (making) => spoil(making, choose(making.next, ["root", someDocument(making)]), unchanged, []),
  stranger: (making) =>
    spoil(making, choose(making.next, ["root", someDocument(making)]), unchanged, [making.repo.newSigner()]),
  tooFew: (making) => {
    const { repo } = making;
    const role = someDocument(making);
    const signers = repo.signers.get(role) ?? [];
    spoil(making, role, unchanged, [...signers.slice(1), repo.newSigner()]);
  },
  signedTwice: (making) => {
    const role = someDocument(making);
    const [signer] = making.repo.signers.get(role) ?? [];
    if (signer !== undefined) spoil(making, role, unchanged, [signer, signer]);
  },
  twoIds,
  badSignatureBeside: (making) => {
    const role = someDocument(making);
    const signer = { ...making.repo.newSigner(), sign: () => "00" };
    spoil(making, role, unchanged, [signer, ...(making.repo.signers.get(role) ?? [])]);
  },
  otherType: (making) => {
    const role = someDocument(making);
    spoil(making, role, (document) => {
      document._type = role === "snapshot" ? "timestamp" : "snapshot";
    });
  },
  otherSpec: (making) =>
    spoil(making, someDocument(making), (document) => {
      document.spec_version = choose(making.next, ["2.0.0", "0.9", "1", "one"]);
    }),
  badExpiry: (making) => {
    making.causes.add("spelling");
    spoil(making, someDocument(making), (document) => {
      document.expires = choose(making.next, ["2999", "tomorrow", "", "Dec 1 2999"]);
    });
  },
  memberTwice: (making) => {
    making.causes.add("spelling");
    spoil(making, someDocument(making), unchanged, undefined, (text) =>
      text.replace('"_type":', '"_type":"root","_type":'),
    );
  },
  noVersion: (making) => {
    making.causes.add("range");
    const role = someDocument(making);
    spoil(making, role, (document) => {
      document.version = choose(making.next, [0, -1]);
    });
  },
  runUp,
  oversize,
  rootByNew: rootBy((_old, fresh) => fresh),
  rootByOld: rootBy((old) => old),
  rootByOneOfTwo: rootBy((old, fresh) => [...old, ...fresh.slice(1)]),
  rootSkips: (making) => {
    const { repo, next } = making;
    const file = repo.root.version + 1;
    repo.root.version += choose(next, [2, 0, -1]);
    repo.served.set(`metadata/${file}.root.json`, sealAnything(repo.root, repo.signers.get("root") ?? []));
    making.causes.add("root-replaced");
  },
  yesterday: ({ earlier, next, repo, causes }) => {
    const { nowMs } = repo;
    causes.add("same-version").add("root-replaced").add("own-copy");
    if (earlier.length > 0) choose(next, earlier)();
    repo.nowMs = nowMs;
  },
  oldFile: (making) => {
    const { repo, next } = making;
    const role = choose(next, ["snapshot", "targets", someRole(making)]);
    const { version } = repo.documentOf(role);
    const old = repo.served.get(`metadata/${Math.max(1, version - 1 - below(next, 2))}.${role}.json`);
    if (old !== undefined) repo.served.set(fileOf(role, making), old);
    making.causes.add("own-copy");
  },
  listsOlder: (making) => {
    const { repo, next } = making;
    const role = someRole(making);
    const meta = repo.snapshot.meta[`${role}.json`];
    if (meta !== undefined)
      repo.snapshot.meta[`${role}.json`] = { version: Math.max(1, meta.version - 1 - below(next, 2)) };
    repo.publish("snapshot", "timestamp");
  },
  listsNewer: (making) => {
    const { repo } = making;
    const role = someRole(making);
    const meta = repo.snapshot.meta[`${role}.json`];
    if (meta !== undefined) repo.snapshot.meta[`${role}.json`] = { version: meta.version + 1 };
    making.causes.add("own-copy");
    repo.publish("snapshot", "timestamp");
  },
  unlisted: (making) => {
    delete making.repo.snapshot.meta[`${someRole(making)}.json`];
    making.repo.publish("snapshot", "timestamp");
  },
  pointsToOlder: ({ repo, next }) => {
    const meta = repo.timestamp.meta["snapshot.json"];
    repo.timestamp.meta["snapshot.json"] = { version: Math.max(1, (meta?.version ?? 1) - 1 - below(next, 2)) };
    repo.publish("timestamp");
  },
  otherContent: (making) => {
    const role = someDocument(making);
    making.causes.add("own-copy");
    making.repo.documentOf(role).version -= 1;
    spoil(making, role, (document) => {
      document["x-other"] = below(making.next, 1_000);
    });
  },
  wrongHash: (making) => {
    const { repo, next } = making;
    const role = someRole(making);
    const inTimestamp = chance(next, 0.5);
    const list = inTimestamp ? repo.timestamp.meta : repo.snapshot.meta;
    const file = inTimestamp ? "snapshot.json" : `${role}.json`;
    const meta = list[file];
    if (meta !== undefined)
      list[file] = {
        ...meta,
        ...choose(next, [{ hashes: { sha256: "0".repeat(64) } }, { length: 1 }, { hashes: { none: "0" } }]),
      };
    // A hash of the same version's bytes: who has them already does not look at it.
    making.causes.add("own-copy");
    repo.publish(...(inTimestamp ? [] : ["snapshot"]), "timestamp");
  },
  flipped: changeBytes((bytes, { next }) => {
    const at = below(next, bytes.length);
    bytes[at] = (bytes[at] as number) ^ (1 << below(next, 8));
    return bytes;
  }),
  cut: changeBytes((bytes, { next }) => bytes.subarray(0, below(next, bytes.length))),
  missing: changeBytes(() => undefined),
  artifact: ({ repo, next }) => {
    const names = [...repo.served.keys()].filter((name) => name.startsWith("targets/"));
    if (names.length === 0) return;
    for (const name of names)
      if (chance(next, 0.6)) repo.served.set(name, Buffer.from("malicious"));
      else if (chance(next, 0.3)) repo.served.delete(name);
  },
};
