/** Whether a test belongs to a share of all tests; a decision without a test id is one by itself. */
export function isInShare(share: number, node: string, test: string): boolean {
  return share >= 1 || scattered(`${node}\0${test}`) < share * 2 ** 32;
}

/** FNV-1a with a last mixing, for ids that differ in their last digit lie apart by it alone. Source: Fowler, Noll and Vo; Appleby, MurmurHash3. */
function scattered(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
