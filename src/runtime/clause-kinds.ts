import type { Bundle, ClauseKind } from "../model/bundle.ts";
import { count, decimal, freshness, limit, name, span } from "./bundle-values.ts";
import { acknowledgementFacts } from "./facts/acknowledgement.ts";
import { beforeAndAfterUseFacts } from "./facts/before-and-after-use.ts";
import { calibrationFacts } from "./facts/calibration.ts";
import { checkListFacts } from "./facts/check-list.ts";
import type { ClauseFacts, ClauseOf } from "./facts/context.ts";
import { eventsFacts } from "./facts/events.ts";
import { readingFacts } from "./facts/reading.ts";
import { serviceStateFacts } from "./facts/service-state.ts";
import { shelfLifeFacts } from "./facts/shelf-life.ts";
import { useFacts } from "./facts/use.ts";
import { warmUpFacts } from "./facts/warm-up.ts";
import { byKind, listOf, oneOf, orNull, record, type Shape, text, truth, whole } from "./shape.ts";

/** What the runtime must know of a kind of clause. */
interface RuntimeKind<K extends ClauseKind> {
  /** Compiles a clause into what computes its facts. */
  readonly facts: (clause: ClauseOf<K>, bundle: Bundle) => ClauseFacts;
  /** Its own members in a bundle, besides those of every clause. */
  readonly shape: { readonly [field: string]: Shape };
}

/** All the runtime knows of kinds: a new one is refused by tsc until it stands here. */
export const clauseKinds: { readonly [K in ClauseKind]: RuntimeKind<K> } = {
  calibration: {
    facts: calibrationFacts,
    shape: {
      equipment: name,
      interval: orNull(span),
      cycles: orNull(count),
      warnBefore: orNull(span),
      warnCyclesBefore: orNull(count),
      referencesWithin: orNull(span),
      extension: orNull(record({ cap: span, roles: listOf(text, 1) })),
    },
  },
  "warm-up": { facts: warmUpFacts, shape: { equipment: name, ms: whole(0) } },
  reading: {
    facts: readingFacts,
    shape: {
      quantity: name,
      readWith: orNull(name),
      freshness,
      limit,
      guardBand: orNull(record({ value: decimal, unit: text })),
      settledMs: orNull(whole(0)),
    },
  },
  use: {
    facts: useFacts,
    shape: {
      equipment: name,
      counter: oneOf("hours", "cycles"),
      every: decimal,
      warnBefore: orNull(decimal),
      enoughLeft: truth,
    },
  },
  events: { facts: eventsFacts, shape: { equipment: name, events: listOf(name, 1) } },
  acknowledgement: {
    facts: acknowledgementFacts,
    shape: {
      who: byKind({
        operator: record({ kind: text }),
        people: record({ kind: text, count }),
        role: record({ kind: text, role: text }),
      }),
      step: text,
      freshness,
    },
  },
  "service-state": { facts: serviceStateFacts, shape: { equipment: name } },
  "before-and-after-use": { facts: beforeAndAfterUseFacts, shape: { equipment: name } },
  "shelf-life": { facts: shelfLifeFacts, shape: { material: name, openedWithin: orNull(span) } },
  "check-list": { facts: checkListFacts, shape: { equipment: name, items: listOf(text, 1), freshness } },
};
