import { createHash, randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { sha256Hex } from "../../src/base/sha256.ts";

const expected = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

test("the hashes of FIPS 180-4's examples", () => {
  const text = (value: string) => sha256Hex(new TextEncoder().encode(value));
  expect(text("abc")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  expect(text("")).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  expect(text("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")).toBe(
    "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
  );
});

test("every length from 0 to 300, and some long ones, hash as node:crypto hashes them", () => {
  for (let length = 0; length <= 300; length++) {
    const bytes = new Uint8Array(length).map((_, index) => (index * 31 + length) & 255);
    expect(sha256Hex(bytes), `${length} bytes`).toBe(expected(bytes));
  }
  for (const length of [65_535, 1_000_000]) {
    const bytes = randomBytes(length);
    expect(sha256Hex(bytes)).toBe(expected(bytes));
  }
});

test("a view into a larger buffer hashes what it shows", () => {
  const whole = randomBytes(500);
  expect(sha256Hex(whole.subarray(37, 301))).toBe(expected(whole.subarray(37, 301)));
});
