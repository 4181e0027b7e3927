/** Looks at one value of untrusted JSON and throws `ShapeError` with its place where it is not as it must be. */
export type Shape = (value: unknown, place: string) => void;

/** Something untrusted has the wrong form. `place` is a path such as `clauses[3].limit.low`. */
export class ShapeError extends Error {
  readonly place: string;
  constructor(message: string, place: string) {
    super(message);
    this.place = place;
  }
}

export const refuseShape = (message: string, place: string): never => {
  throw new ShapeError(message, place);
};

const where = (place: string, key: string): string => (place === "" ? key : `${place}.${key}`);

export const isPlainObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const text: Shape = (value, place) => {
  if (typeof value !== "string") refuseShape("expected a text", place);
};

export const truth: Shape = (value, place) => {
  if (typeof value !== "boolean") refuseShape("expected true or false", place);
};

export const matching =
  (pattern: RegExp, words: string): Shape =>
  (value, place) => {
    if (typeof value !== "string" || !pattern.test(value)) refuseShape(`expected ${words}`, place);
  };

/** A whole number from `from` up. */
export const whole =
  (from: number): Shape =>
  (value, place) => {
    if (!Number.isSafeInteger(value) || (value as number) < from) {
      refuseShape(`expected a whole number from ${from}`, place);
    }
  };

export const oneOf =
  (...allowed: readonly (string | number | null)[]): Shape =>
  (value, place) => {
    if (!allowed.includes(value as string)) {
      refuseShape(`expected ${allowed.map((word) => JSON.stringify(word)).join(" or ")}`, place);
    }
  };

export const orNull =
  (shape: Shape): Shape =>
  (value, place) => {
    if (value !== null) shape(value, place);
  };

export const listOf =
  (item: Shape, from = 0): Shape =>
  (value, place) => {
    if (!Array.isArray(value)) return refuseShape("expected a list", place);
    if (value.length < from) refuseShape(`expected a list of at least ${from}`, place);
    value.forEach((member, index) => {
      item(member, `${place}[${index}]`);
    });
  };

/** Exactly these members: one that is not in the format is refused, as the reader might be meant to obey it. */
export const record =
  (members: { readonly [key: string]: Shape }): Shape =>
  (value, place) => {
    if (!isPlainObject(value)) return refuseShape("expected an object", place);
    for (const key of Object.keys(value)) {
      if (!Object.hasOwn(members, key)) refuseShape(`${JSON.stringify(key)} is not in the format`, where(place, key));
    }
    for (const [key, shape] of Object.entries(members)) {
      if (!Object.hasOwn(value, key)) refuseShape(`${JSON.stringify(key)} is missing`, where(place, key));
      shape(value[key], where(place, key));
    }
  };

/** Discriminated by `kind`. */
export const byKind =
  (shapes: { readonly [kind: string]: Shape }): Shape =>
  (value, place) => {
    const kind = isPlainObject(value) ? value["kind"] : undefined;
    const shape = typeof kind === "string" && Object.hasOwn(shapes, kind) ? shapes[kind] : undefined;
    if (shape === undefined) return refuseShape(`no such kind: ${JSON.stringify(kind)}`, where(place, "kind"));
    shape(value, place);
  };
