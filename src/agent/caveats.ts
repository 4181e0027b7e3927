import type { LinkPhase } from "./core/link-state.ts";
import type { ReleaseSet } from "./release-set.ts";

/** What whoever runs tests here should know of the contracts, besides the verdict; none of them decides anything. */
export interface Caveat {
  readonly kind: "no-hub" | "not-vouched" | "clock-unattested";
  /** A word or two, for a badge. */
  readonly word: string;
  /** A sentence for a reader. */
  readonly text: string;
}

export interface CaveatSources {
  /** The verified set, null where there is none: the verdict says so then. */
  readonly set:
    | (Pick<ReleaseSet, "freshUntilMs"> & {
        readonly contracts: readonly Pick<ReleaseSet["contracts"][number], "contract" | "offline" | "mode">[];
      })
    | null;
  readonly now: { readonly nowMs: number; readonly source: "wall" | "attested" };
  /** `none`: it was started without a hub. */
  readonly hub: HubContact;
  /** An instant in plant time. */
  readonly print: (atMs: number) => string;
}

export type HubContact = "connected" | "away" | "none";

export const contactOf = (hasHub: boolean, phase: LinkPhase | undefined): HubContact => {
  if (!hasHub) return "none";
  return phase === "welcomed" ? "connected" : "away";
};

/** The gravest last, as they came: by what this node keeps, by whom nobody vouches, by a clock that nobody signed. */
export function caveatsOf({ set, now, hub, print }: CaveatSources): readonly Caveat[] {
  if (set === null) return [];
  const strict = set.contracts.filter(({ offline, mode }) => offline === "strict" && mode === "enforce");
  const isStale = now.nowMs > set.freshUntilMs;
  return [
    ...(hub === "connected" ? [] : [offline(hub, isStale ? null : print(set.freshUntilMs))]),
    ...(isStale ? [stale(print(set.freshUntilMs))] : []),
    ...(now.source === "attested" ? [] : [unattested(strict.map(({ contract }) => contract))]),
  ];
}

const offline = (hub: "away" | "none", until: string | null): Caveat => ({
  ...{ kind: "no-hub", word: "OFFLINE" },
  text: [
    hub === "none" ? "This station runs without a hub" : "The hub does not answer",
    ": it goes on by the contracts it keeps",
    until === null ? "." : `, which the hub vouched for until ${until}.`,
  ].join(""),
});

const stale = (since: string): Caveat => ({
  ...{ kind: "not-vouched", word: "NOT VOUCHED FOR" },
  text: `The hub has not vouched for these contracts since ${since}. They stay in force; there may be newer ones.`,
});

const unattested = (strict: readonly string[]): Caveat => ({
  ...{ kind: "clock-unattested", word: "TIME NOT SIGNED" },
  text:
    strict.length === 0
      ? "The hub has not signed the time since this computer started: due dates are judged by this computer's clock."
      : `The hub has not signed the time since this computer started: ${strict.join(", ")} ${strict.length === 1 ? "blocks" : "block"} whatever rests on it until the hub answers.`,
});
