import { expect, test } from "vitest";
import { packBody, unpackBody } from "../../../src/hub/archive/packed-body.ts";

const bodyOf = (size: number): Uint8Array => Uint8Array.from({ length: size }, (_, at) => (at * at) % 251);

test.each([0, 1, 511, 512, 513, 767, 768, 65_790, 65_791, 65_792, 200_000, 1_048_575, 1_048_577, 3_000_000])(
  "a body of %i bytes comes back as it was",
  (size) => {
    const body = bodyOf(size);
    const packed = packBody(body);
    expect(size < 512 || packed.bytes.length < size).toBe(true);
    expect(Buffer.compare(unpackBody(packed), body)).toBe(0);
  },
);

test("a packed body that the disk spoiled is refused, or unpacks to something bounded", () => {
  const body = bodyOf(2_000);
  const { packed, bytes } = packBody(body);
  let refused = 0;
  for (let at = 0; at < bytes.length; at += 1)
    for (const change of [1, 0x80]) {
      const spoiled = Uint8Array.from(bytes);
      spoiled[at] = (spoiled[at] as number) ^ change;
      try {
        // What zstd lets through is another body; the chain of hashes finds that out, not this.
        expect(unpackBody({ packed, bytes: spoiled }).length).toBeLessThan(4 << 20);
      } catch {
        refused += 1;
      }
    }
  expect(refused).toBeGreaterThan(0);
});
