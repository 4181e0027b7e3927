/** JSON as `JSON.parse` makes it: nobody changes it. */
type Fields = { readonly [field: string]: unknown };

/** Fields of a snapshot whose members change one by one; all others are one part each. */
const BY_MEMBER: ReadonlySet<string> = new Set(["equipment", "readings", "lots"]);

/**
 * Snapshots of one node one after the other: whatever part of one equals that of the one before becomes the same object, so that
 * those who type and spell it do so once. From one test to the next nearly all parts are equal.
 */
export function openPartSharing(): (snapshot: Fields) => Fields {
  let before: Fields = {};
  return (snapshot) => {
    const shared: { [field: string]: unknown } = Object.create(null);
    for (const [field, now] of Object.entries(snapshot)) {
      const then = own(before, field);
      shared[field] =
        BY_MEMBER.has(field) && isFields(then) && isFields(now) ? sharedMembers(then, now) : either(then, now);
    }
    before = shared;
    return shared;
  };
}

function sharedMembers(then: Fields, now: Fields): Fields {
  const names = Object.keys(now);
  const shared: { [name: string]: unknown } = Object.create(null);
  let isSame = names.length === Object.keys(then).length;
  for (const name of names) {
    const one = either(own(then, name), now[name]);
    isSame &&= Object.hasOwn(then, name) && one === then[name];
    shared[name] = one;
  }
  return isSame ? then : shared;
}

const own = (fields: Fields, name: string): unknown => (Object.hasOwn(fields, name) ? fields[name] : undefined);

const either = (then: unknown, now: unknown): unknown => (isEqualJson(then, now) ? then : now);

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Whether two JSON values say the same; the order of members is part of what is spelled, so it counts. */
export function isEqualJson(a: unknown, b: unknown): boolean {
  if (a === b) return !Object.is(a, 0) || Object.is(b, 0);
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || a.length !== b.length) return false;
    for (let index = 0; index < a.length; index += 1) if (!isEqualJson(a[index], b[index])) return false;
    return true;
  }
  if (Array.isArray(b)) return false;
  const [names, others] = [Object.keys(a), Object.keys(b)];
  if (names.length !== others.length) return false;
  for (let index = 0; index < names.length; index += 1) {
    const name = names[index] as string;
    if (name !== others[index] || !isEqualJson((a as Fields)[name], (b as Fields)[name])) return false;
  }
  return true;
}
