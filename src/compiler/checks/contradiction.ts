import { canonicalJson } from "../../base/canonical-json.ts";
import { findUnit } from "../../model/units.ts";
import type { Body } from "../body.ts";
import type { BodyCheck, SoundClause } from "../check-context.ts";
import type { Finding } from "../diagnostic.ts";
import { acceptance, disjoint } from "../intervals.ts";
import { firstLineOf } from "../source-text.ts";

/** Clauses of one quantity are compared pairwise up to this many; nobody writes more, and time stays bounded. */
const MAX_COMPARED = 500;

/** Two clauses that no reading satisfies together: the gate would never open. */
export const contradiction: BodyCheck = ({ body, sound }) => {
  const groups = Map.groupBy(readings(sound), ({ compiled }) => compiled.quantity);
  return [...groups.values()].flatMap((group) =>
    group.slice(0, MAX_COMPARED).flatMap((later, index) => {
      const earlier = group.slice(0, index).find((other) => bindTogether(other, later) && exclude(other, later, body));
      return earlier === undefined ? [] : [contradicting(later, body, earlier, body)];
    }),
  );
};

/** A contract with its sound clauses, for the comparison across contracts. */
export interface CheckedContract {
  readonly body: Body;
  readonly sound: readonly SoundClause[];
  readonly scope: { readonly stationType: string | null; readonly order: string | null };
}

/** The same across contracts that bind one station; the finding belongs to the later contract. */
export function contradictionsAcross(contracts: readonly CheckedContract[]): { body: Body; finding: Finding }[] {
  const all = contracts.flatMap((contract) => readings(contract.sound).map((clause) => ({ contract, clause })));
  const groups = Map.groupBy(all, ({ clause }) => clause.compiled.quantity);
  return [...groups.values()].flatMap((group) =>
    group.slice(0, MAX_COMPARED).flatMap((later, index) => {
      const earlier = group
        .slice(0, index)
        .find(
          (other) =>
            other.contract !== later.contract &&
            mayBindOneStation(other.contract, later.contract) &&
            bindTogether(other.clause, later.clause) &&
            exclude(other.clause, later.clause, later.contract.body),
        );
      if (earlier === undefined) return [];
      const finding = contradicting(later.clause, later.contract.body, earlier.clause, earlier.contract.body);
      return [{ body: later.contract.body, finding }];
    }),
  );
}

type SoundReading = SoundClause & { readonly compiled: Extract<SoundClause["compiled"], { kind: "reading" }> };
const readings = (sound: readonly SoundClause[]): SoundReading[] =>
  sound.filter(
    (clause): clause is SoundReading => clause.compiled.kind === "reading" && clause.compiled.strictness === "must",
  );

const overlap = <T>(a: T | null, b: T | null): boolean =>
  a === null || b === null || canonicalJson(a) === canonicalJson(b);

/** Whether some test is asked both. */
const bindTogether = (a: SoundReading, b: SoundReading): boolean =>
  overlap(a.placed.testKind, b.placed.testKind) &&
  overlap(a.compiled.order, b.compiled.order) &&
  overlap(a.compiled.attribute, b.compiled.attribute);

const mayBindOneStation = (a: CheckedContract, b: CheckedContract): boolean =>
  overlap(a.scope.stationType, b.scope.stationType) && overlap(a.scope.order, b.scope.order);

function exclude(a: SoundReading, b: SoundReading, { declared }: Body): boolean {
  const difference = declared.get(b.compiled.quantity)?.kind === "difference";
  return (
    unitKind(a) === unitKind(b) && disjoint(acceptance(a.compiled, difference), acceptance(b.compiled, difference))
  );
}

const unitKind = ({ compiled }: SoundReading): string | undefined => findUnit(compiled.limit.unit)?.kind;

function contradicting(later: SoundReading, body: Body, earlier: SoundReading, other: Body): Finding {
  const place = firstLineOf(body.source, later.placed.clause.span);
  return {
    place,
    message: `no reading of \`${later.compiled.quantity}\` satisfies both this clause and an earlier one`,
    help: "no test could ever start; change one of the two limits",
    related: [
      {
        file: other.source.name,
        place: firstLineOf(other.source, earlier.placed.clause.span),
        message: "the earlier one",
      },
    ],
  };
}
