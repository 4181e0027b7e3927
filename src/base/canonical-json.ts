/** A value with exactly one RFC 8785 spelling. */
export type CanonicalValue =
  | null
  | boolean
  | number
  | string
  | readonly CanonicalValue[]
  | { readonly [key: string]: CanonicalValue | undefined };

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
      // As JSON.stringify spells it, −0 included.
      return `${value}`;
    case "string":
      return quoted(value);
    case "object":
      return value === null ? "null" : compound(value);
    default:
      throw new TypeError(`no JSON value: ${typeof value}`);
  }
}

/** Printable ASCII without quote and backslash stands for itself: what nearly every key and value is. */
const PLAIN = /^[ !#-[\]-~]*$/;

/** Source: RFC 8785 3.2.2.2 forbids lone surrogates; JSON.stringify would escape them and so hide them. */
function quoted(text: string): string {
  if (PLAIN.test(text)) return `"${text}"`;
  if (!text.isWellFormed()) throw new TypeError("no JSON string: lone surrogate");
  return JSON.stringify(text);
}

function compound(value: object): string {
  let text = "";
  if (Array.isArray(value)) {
    for (const item of value) text += `${text === "" ? "" : ","}${canonicalJson(item)}`;
    return `[${text}]`;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) throw new TypeError("no JSON object: it has a class");
  const object = value as Readonly<Record<string, unknown>>;
  for (const key of sortedKeys(object)) {
    const member = object[key];
    if (member !== undefined) text += `${text === "" ? "" : ","}${quoted(key)}:${canonicalJson(member)}`;
  }
  return `{${text}}`;
}

/** Beyond so many keys sorting by insertion is the slower way. */
const FEW = 24;

/** By UTF-16 code unit. `sort` makes lists of its own at each call, which for a bundle's thousand small objects is most of the work. */
function sortedKeys(object: object): string[] {
  const keys = Object.keys(object);
  if (keys.length > FEW) return keys.sort();
  for (let at = 1; at < keys.length; at += 1) {
    const key = keys[at] as string;
    let place = at;
    for (; place > 0 && (keys[place - 1] as string) > key; place -= 1) keys[place] = keys[place - 1] as string;
    keys[place] = key;
  }
  return keys;
}
