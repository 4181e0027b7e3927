/** A value with exactly one RFC 8785 spelling. */
export type CanonicalValue =
  | null
  | boolean
  | number
  | string
  | readonly CanonicalValue[]
  | { readonly [key: string]: CanonicalValue | undefined };

/** Source: RFC 8785 3.2.2.2 forbids lone surrogates; JSON.stringify would escape them and so hide them. */
const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

/**
 * RFC 8785 canonical JSON: keys sorted by UTF-16 code unit, no white space, numbers as ECMAScript prints them.
 * Members that are `undefined` are left out, as an optional property is.
 * @throws TypeError on NaN, infinities, lone surrogates and anything that is no JSON value (Date, bigint, function)
 */
export function canonicalJson(value: unknown): string {
  switch (typeof value) {
    case "boolean":
      return value ? "true" : "false";
    case "number":
      if (!Number.isFinite(value)) throw new TypeError(`no JSON number: ${value}`);
      return JSON.stringify(value);
    case "string":
      return quoted(value);
    case "object":
      return value === null ? "null" : compound(value);
    default:
      throw new TypeError(`no JSON value: ${typeof value}`);
  }
}

function quoted(text: string): string {
  if (LONE_SURROGATE.test(text)) throw new TypeError("no JSON string: lone surrogate");
  return JSON.stringify(text);
}

function compound(value: object): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item)).join(",")}]`;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) throw new TypeError("no JSON object: it has a class");
  const members: string[] = [];
  const object = value as Readonly<Record<string, unknown>>;
  for (const key of Object.keys(object).sort()) {
    if (object[key] !== undefined) members.push(`${quoted(key)}:${canonicalJson(object[key])}`);
  }
  return `{${members.join(",")}}`;
}
