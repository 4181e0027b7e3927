import type { Span as TextSpan } from "../../grammar/ast.ts";
import type { BundleClause } from "../model/bundle.ts";
import type { Body, PlacedClause, Thing } from "./body.ts";
import type { Finding, Place } from "./diagnostic.ts";
import type { Uses } from "./uses.ts";

/** What a check of one clause, declaration or statement sees. */
export interface ThingContext {
  readonly body: Body;
  readonly uses: Uses;
  /** Where a diagnostic about `spot` stands: on the first line of the thing. */
  readonly at: (spot: TextSpan) => Place;
}
export type ThingCheck = (thing: Thing, context: ThingContext) => readonly Finding[];

/** A clause that no check of its own objects to, in compiled form beside its syntax. */
export interface SoundClause {
  readonly placed: PlacedClause;
  readonly compiled: BundleClause;
}

/** What a check of a whole contract or template sees. */
export interface BodyContext {
  readonly body: Body;
  readonly sound: readonly SoundClause[];
  /** From the start of a node to the end of that line. */
  readonly firstLine: (node: TextSpan) => Place;
  readonly at: (spot: TextSpan) => Place;
}
export type BodyCheck = (context: BodyContext) => readonly Finding[];
