/** Small checks of unknown values, for documents and frames. Each answers whether the value has the shape. */
export type Shape<T> = (value: unknown) => value is T;

type Shaped<S> = S extends Shape<infer T> ? T : never;

export const text: Shape<string> = (value): value is string => typeof value === "string";
export const flag: Shape<boolean> = (value): value is boolean => typeof value === "boolean";
/** A whole number that is not negative and that a double holds exactly. */
export const count: Shape<number> = (value): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
/** Any whole number that a double holds exactly. */
export const integer: Shape<number> = (value): value is number => Number.isSafeInteger(value);

export const literal =
  <const T extends string>(...words: readonly T[]): Shape<T> =>
  (value): value is T =>
    (words as readonly unknown[]).includes(value);

export const nullable =
  <T>(shape: Shape<T>): Shape<T | null> =>
  (value): value is T | null =>
    value === null || shape(value);

/** May be left out. */
export const optional =
  <T>(shape: Shape<T>): Shape<T | undefined> =>
  (value): value is T | undefined =>
    value === undefined || shape(value);

export const list =
  <T>(shape: Shape<T>): Shape<readonly T[]> =>
  (value): value is readonly T[] =>
    Array.isArray(value) && value.every((item) => shape(item));

export const record =
  <T>(shape: Shape<T>): Shape<{ readonly [key: string]: T }> =>
  (value): value is { readonly [key: string]: T } =>
    isObject(value) && Object.values(value).every((item) => shape(item));

/** The named members have these shapes; others are ignored. */
export const object =
  <S extends { readonly [name: string]: Shape<unknown> }>(
    shapes: S,
  ): Shape<{ readonly [name in keyof S]: Shaped<S[name]> }> =>
  (value): value is { readonly [name in keyof S]: Shaped<S[name]> } =>
    isObject(value) &&
    Object.entries(shapes).every(([name, shape]) => shape(Object.hasOwn(value, name) ? value[name] : undefined));

export const isObject = (value: unknown): value is { readonly [key: string]: unknown } =>
  typeof value === "object" && value !== null && !Array.isArray(value);
