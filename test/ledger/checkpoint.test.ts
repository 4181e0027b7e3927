import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { makeSigningKey, signHex, verifyHex } from "../../src/disk/key-file.ts";
import {
  checkpointKey,
  checkpointText,
  openCheckpoint,
  originOf,
  parseCheckpoint,
  signCheckpoint,
  witnessNameOf,
} from "../../src/ledger/checkpoint.ts";
import { cosign, verifyCosignature } from "../../src/ledger/cosignature.ts";
import { EMPTY_ROOT } from "../../src/ledger/merkle.ts";
import {
  keyHashOf,
  type NoteKey,
  type NoteSigner,
  parseNote,
  parseSignatureLine,
  parseVerifierKey,
  printNote,
  signatureLine,
  verifiedBy,
  verifierKeyText,
} from "../../src/ledger/note.ts";
import { parseProof, printProof } from "../../src/ledger/proof-text.ts";

/** The example of golang.org/x/mod/sumdb/note: a key and a note that others made. */
const THEIR_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const THEIR_NOTE =
  "If you think cryptography is the answer to your problem,\n" +
  "then you don't know what your problem is.\n" +
  "\n" +
  "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

function signerOf(name: string): { readonly signer: NoteSigner; readonly publicHex: string } {
  const key = makeSigningKey();
  const { publicHex } = key;
  return { publicHex, signer: { name, publicHex, sign: (content) => signHex(key, content) } };
}

const hub = signerOf(originOf("hub-1"));
const hubKey = checkpointKey("hub-1", hub.publicHex);
const at = (size: number) => ({ origin: originOf("hub-1"), size, root: EMPTY_ROOT, extensions: [] });
const value = <T>(
  result: { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: unknown },
): T => {
  if (!result.ok) throw new Error(String(result.error));
  return result.value;
};

describe("signed notes", () => {
  test("a note and a key that others made hold, and print as they came", () => {
    const key = value(parseVerifierKey(THEIR_KEY));
    expect(verifierKeyText(key)).toBe(THEIR_KEY);
    const note = value(parseNote(THEIR_NOTE));
    expect(printNote(note)).toBe(THEIR_NOTE);
    expect(value(verifiedBy(note, [key], verifyHex))).toEqual([key]);
  });

  test("a key hash commits to name, algorithm and key", () => {
    const hashes = [
      keyHashOf(hubKey),
      keyHashOf({ ...hubKey, name: "x" }),
      keyHashOf({ ...hubKey, algorithm: 4 }),
      keyHashOf({ ...hubKey, publicHex: "00".repeat(32) }),
    ];
    expect(new Set(hashes).size).toBe(4);
  });

  const [text, signatures] = THEIR_NOTE.split("\n\n") as [string, string];
  const spoilt: readonly (readonly [string, string])[] = [
    ["nothing", ""],
    ["no signature", `${text}\n\n`],
    ["no empty line", `${text}\n${signatures}`],
    ["no last newline", THEIR_NOTE.slice(0, -1)],
    ["a hyphen for the dash", THEIR_NOTE.replace("—", "-")],
    ["two spaces", THEIR_NOTE.replace(" x08", "  x08")],
    ["a plus in the name", THEIR_NOTE.replace("PeterNeumann", "Peter+Neumann")],
    ["a no-break space in the name", THEIR_NOTE.replace("PeterNeumann", "Peter\u00a0Neumann")],
    ["no name", THEIR_NOTE.replace("PeterNeumann", "")],
    ["no padding", THEIR_NOTE.replace("AM=", "AM")],
    ["base64 for the web", THEIR_NOTE.replace("x08go/", "x08go_")],
    ["bits that padding hides", THEIR_NOTE.replace("AM=", "AN=")],
    ["a key hash alone", `${text}\n\n— PeterNeumann x08gow==\n`],
    ["a carriage return", THEIR_NOTE.replaceAll("\n", "\r\n")],
    ["a control character", THEIR_NOTE.replace("is.", "is\u0007.")],
    ["half of a pair", THEIR_NOTE.replace("is.", "is\ud800.")],
    ["something after the signatures", `${THEIR_NOTE}more\n`],
    ["an empty line at the end", `${THEIR_NOTE}\n`],
    ["101 signatures", `${text}\n\n${signatures.repeat(101)}`],
    ["40,000 bytes", `${"x".repeat(40_000)}\n\n${signatures}`],
  ];
  test.each(spoilt)("%s is no note", (_, note) => expect(parseNote(note).ok).toBe(false));

  test("unknown signers are ignored, a known one that does not hold refuses all", () => {
    const other = signerOf("someone.example");
    const note = value(parseNote(signCheckpoint(at(3), hub.signer)));
    const theirs = value(parseNote(signCheckpoint(at(3), other.signer))).signatures[0];
    const both = { ...note, signatures: [theirs as (typeof note.signatures)[number], ...note.signatures] };
    expect(value(verifiedBy(both, [hubKey], verifyHex))).toEqual([hubKey]);
    expect(verifiedBy(both, [{ ...hubKey, name: "x" }], verifyHex)).toEqual({
      ok: false,
      error: "no known key signed it",
    });
    const changed = { ...both, text: both.text.replace("3", "4") };
    expect(verifiedBy(changed, [hubKey], verifyHex).ok).toBe(false);
    const cut = { ...note, signatures: note.signatures.map((one) => ({ ...one, bytes: one.bytes.subarray(0, 63) })) };
    expect(verifiedBy(cut, [hubKey], verifyHex).ok).toBe(false);
  });

  test("verifier keys have one spelling", () => {
    const good = verifierKeyText(hubKey);
    expect(value(parseVerifierKey(good))).toEqual(hubKey);
    const [name, hash, ...rest] = good.split("+");
    const key = rest.join("+");
    const bad = [
      "",
      "x",
      `${name}+${hash}`,
      `${name}+00000000+${key}`,
      `x y+${hash}+${key}`,
      `${good}=`,
      `+${hash}+${key}`,
    ];
    expect(bad.map((one) => parseVerifierKey(one).ok)).toEqual(bad.map(() => false));
    const unknown = Buffer.concat([Buffer.from([2]), Buffer.from(hub.publicHex, "hex")]).toString("base64");
    expect(parseVerifierKey(`${name}+${hash}+${unknown}`)).toMatchObject({
      ok: false,
      error: expect.stringMatching(/algorithm is 2/),
    });
  });
});

describe("checkpoints", () => {
  test("three lines and a signature, opened by who knows the key", () => {
    const note = signCheckpoint(at(20_852_163), hub.signer);
    expect(note.split("\n").slice(0, 4)).toEqual([
      "hub-1/maint-ledger",
      "20852163",
      "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
      "",
    ]);
    expect(value(openCheckpoint(note, originOf("hub-1"), [hubKey], verifyHex))).toMatchObject(at(20_852_163));
    expect(openCheckpoint(note, originOf("hub-2"), [hubKey], verifyHex).ok).toBe(false);
    expect(openCheckpoint(note.replace("20852163", "20852164"), originOf("hub-1"), [hubKey], verifyHex).ok).toBe(false);
  });

  test("another ledger's owner cannot speak for this one", () => {
    const node = signerOf(originOf("LP-01"));
    const note = signCheckpoint(at(3), { ...node.signer, name: originOf("hub-1") });
    expect(openCheckpoint(note, originOf("hub-1"), [hubKey], verifyHex).ok).toBe(false);
  });

  const good = checkpointText(at(3));
  const root = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
  const spoilt: readonly (readonly [string, string])[] = [
    ["nothing", ""],
    ["an origin alone", "hub-1/maint-ledger\n"],
    ["no root", "hub-1/maint-ledger\n3\n"],
    ["no origin", good.slice(good.indexOf("\n"))],
    ["a size with a zero before it", good.replace("\n3\n", "\n03\n")],
    ["a negative size", good.replace("\n3\n", "\n-3\n")],
    ["a size no number holds", good.replace("\n3\n", "\n9007199254740992\n")],
    ["a root of 31 bytes", good.replace(root, Buffer.alloc(31).toString("base64"))],
    ["a root in hex", good.replace(root, Buffer.from(root, "base64").toString("hex"))],
    ["no last newline", good.slice(0, -1)],
    ["an empty extension line", `${good}\n`],
  ];
  test.each(spoilt)("%s is no checkpoint", (_, text) => expect(parseCheckpoint(text).ok).toBe(false));

  test("extension lines are kept and covered by the signature", () => {
    const note = signCheckpoint({ ...at(3), extensions: ["kept by: nobody"] }, hub.signer);
    expect(value(openCheckpoint(note, originOf("hub-1"), [hubKey], verifyHex)).extensions).toEqual(["kept by: nobody"]);
    expect(openCheckpoint(note.replace("nobody", "someone"), originOf("hub-1"), [hubKey], verifyHex).ok).toBe(false);
  });

  test("any flipped character is refused, or leaves what was signed as it was", () => {
    const note = signCheckpoint(at(123_456), hub.signer);
    const bytes = Buffer.from(note);
    fc.assert(
      fc.property(fc.nat({ max: bytes.length - 1 }), fc.integer({ min: 1, max: 255 }), (place, mask) => {
        const copy = Buffer.from(bytes);
        copy[place] = (copy[place] as number) ^ mask;
        const opened = openCheckpoint(copy.toString("utf8"), originOf("hub-1"), [hubKey], verifyHex);
        return !opened.ok || checkpointText(opened.value) === checkpointText(at(123_456));
      }),
      { numRuns: 1_000, seed: 7 },
    );
  });

  test("control: without the signature's verdict a flipped size passes", () => {
    const note = signCheckpoint(at(123_456), hub.signer).replace("123456", "123457");
    expect(openCheckpoint(note, originOf("hub-1"), [hubKey], () => true).ok).toBe(true);
    expect(openCheckpoint(note, originOf("hub-1"), [hubKey], verifyHex).ok).toBe(false);
  });
});

describe("cosignatures", () => {
  const witness = signerOf(witnessNameOf("LP-01"));
  const key: NoteKey = { name: witnessNameOf("LP-01"), algorithm: 4, publicHex: witness.publicHex };
  const text = checkpointText(at(3));
  const made = cosign(text, 1_795_000_000, witness.signer);

  test("names its key and its time, and covers the checkpoint and the time", () => {
    expect(value(verifyCosignature(made, text, key, verifyHex))).toBe(1_795_000_000);
    expect(value(parseVerifierKey(verifierKeyText(key)))).toEqual(key);
    expect(parseSignatureLine(signatureLine(made))).toEqual(made);
    expect(verifyCosignature(made, checkpointText(at(4)), key, verifyHex).ok).toBe(false);
    const later = { ...made, bytes: Uint8Array.from(made.bytes).fill(1, 7, 8) };
    expect(verifyCosignature(later, text, key, verifyHex).ok).toBe(false);
    expect(verifyCosignature({ ...made, bytes: made.bytes.subarray(8) }, text, key, verifyHex).ok).toBe(false);
    expect(verifyCosignature(made, text, { ...key, algorithm: 1 }, verifyHex).ok).toBe(false);
    expect(verifyCosignature({ ...made, name: "x" }, text, key, verifyHex).ok).toBe(false);
    const never = { ...made, bytes: Uint8Array.from(made.bytes).fill(0x7f, 0, 8) };
    expect(verifyCosignature(never, text, key, verifyHex)).toMatchObject({ error: "its time is beyond any calendar" });
  });

  test("stands in a note beside the ledger's own signature, and is not taken for it", () => {
    const note = value(parseNote(signCheckpoint(at(3), hub.signer) + signatureLine(made)));
    expect(value(verifiedBy(note, [hubKey, key], verifyHex))).toEqual([hubKey]);
    expect(verifiedBy(note, [{ ...key, algorithm: 1 }], verifyHex).ok).toBe(false);
  });
});

describe("proofs as text", () => {
  const note = signCheckpoint(at(9), hub.signer);
  const hashes = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
  const inclusion = { kind: "inclusion", index: 7, proof: hashes, extra: Buffer.from("{}"), note } as const;
  const consistency = { kind: "consistency", fromSize: 4, proof: hashes, note } as const;

  test("reads what it prints, with the extra line and without", () => {
    for (const proof of [
      inclusion,
      { ...inclusion, extra: null, proof: [] },
      consistency,
      { ...consistency, proof: [] },
    ])
      expect(value(parseProof(printProof(proof)))).toEqual(proof);
    expect(printProof(inclusion).split("\n").slice(0, 3)).toEqual(["c2sp.org/tlog-proof@v1", "extra e30=", "index 7"]);
    expect(printProof(consistency).split("\n")[0]).toBe("old 4");
  });

  const text = printProof(inclusion);
  const spoilt: readonly (readonly [string, string])[] = [
    ["nothing", ""],
    ["another version", text.replace("@v1", "@v2")],
    ["no index", text.replace("index 7\n", "")],
    ["an index with a zero before it", text.replace("index 7", "index 07")],
    ["index 2^64 - 1", text.replace("index 7", "index 18446744073709551615")],
    ["a hash of 31 bytes", text.replace(/^AQ.*$/m, Buffer.alloc(31).toString("base64"))],
    ["64 hashes", printProof({ ...inclusion, proof: Array.from({ length: 64 }, () => hashes[0] as Uint8Array) })],
    ["no extra bytes after the word", text.replace("extra e30=", "extra e30")],
    ["the old size twice", printProof(consistency).replace("old 4\n", "old 4\nold 4\n")],
    ["an old size that is none", printProof(consistency).replace("old 4", "old four")],
    ["a checkpoint of 40,000 bytes", `${text}${"x".repeat(40_000)}`],
  ];
  test.each(spoilt)("%s is no proof", (_, proof) => expect(parseProof(proof).ok).toBe(false));

  test("never throws, whatever the text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.nat({ max: 200 }), fc.nat({ max: 3 }), (junk, place, cut) => {
        const torn = text.slice(0, place) + junk + text.slice(place + cut);
        parseProof(torn);
        parseNote(torn);
        parseCheckpoint(torn);
        parseVerifierKey(torn);
        parseSignatureLine(torn);
      }),
      { numRuns: 2_000, seed: 7 },
    );
  });
});
