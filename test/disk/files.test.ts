import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Key } from "@tufjs/models";
import { afterEach, describe, expect, onTestFinished, test } from "vitest";
import { makeFolder, removeFile, writeAtomically, writeOnce } from "../../src/disk/atomic-write.ts";
import { lockFolder } from "../../src/disk/folder-lock.ts";
import {
  createKeyFile,
  keyIdOf,
  loadKeyFile,
  makeSigningKey,
  signBase64Url,
  signHex,
  tufKeyObject,
  verifyBase64Url,
  verifyHex,
} from "../../src/disk/key-file.ts";
import { readTokenFile, tokenId } from "../../src/disk/read-token.ts";
import { createTokenFile, tokenMatches, tokenSha256 } from "../../src/disk/token-file.ts";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});
const newFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), "maint-disk-"));
  folders.push(folder);
  return folder;
};
const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8);

describe("files", () => {
  test("are replaced whole, with their mode, and leave no temporary file", () => {
    const folder = newFolder();
    writeAtomically(join(folder, "a"), "one");
    writeAtomically(join(folder, "a"), Buffer.from("two"), { mode: 0o600 });
    expect([readFileSync(join(folder, "a"), "utf8"), modeOf(join(folder, "a")), readdirSync(folder)]).toEqual([
      "two",
      "600",
      ["a"],
    ]);
    expect(() => writeAtomically(folder, "x")).toThrow();
    expect(readdirSync(folder)).toEqual(["a"]);
  });

  test("that are written once take the same bytes again and no others", () => {
    const folder = newFolder();
    makeFolder(join(folder, "v1.0", "deep"));
    const path = join(folder, "v1.0", "deep", "A.maint");
    writeOnce(path, "text");
    writeOnce(path, "text");
    expect(() => writeOnce(path, "other")).toThrow(/never changes/);
    expect([readFileSync(path, "utf8"), modeOf(path), readdirSync(join(path, ".."))]).toEqual([
      "text",
      "444",
      ["A.maint"],
    ]);
    removeFile(path);
    removeFile(path);
    expect(existsSync(path)).toBe(false);
  });
});

describe("a folder's lock", () => {
  test("is one process's, names it, and ends with it, even by kill -9", async () => {
    const folder = newFolder();
    const module = new URL("../../src/disk/folder-lock.ts", import.meta.url).href;
    const script = `import { lockFolder } from ${JSON.stringify(module)};
      lockFolder(${JSON.stringify(folder)}, "hub"); process.stdout.write("held"); setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    // One that outlived a failed test would hold the test runner's own pipes.
    onTestFinished(() => void child.kill("SIGKILL"));
    await once(child.stdout, "data");
    expect(() => lockFolder(folder, "hub")).toThrow(new RegExp(`pid ${child.pid}\\b`));
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(existsSync(join(folder, "lock.pid"))).toBe(true);
    const lock = lockFolder(folder, "hub");
    expect(() => lockFolder(folder, "hub")).toThrow(
      new RegExp(`another hub process works there \\(pid ${process.pid}\\)`),
    );
    lock.release();
    expect(existsSync(join(folder, "lock.pid"))).toBe(false);
    lockFolder(folder, "hub").release();
  });
});

describe("keys", () => {
  test("are made once, 0600, and read back only while nobody else may read them", () => {
    const path = join(newFolder(), "keys", "author.key");
    const key = createKeyFile(path);
    expect([modeOf(path), modeOf(join(path, ".."))]).toEqual(["600", "700"]);
    expect(() => createKeyFile(path)).toThrow(/never replaced/);
    const loaded = loadKeyFile(path);
    expect([loaded.keyId, loaded.publicHex]).toEqual([key.keyId, key.publicHex]);
    for (const mode of [0o640, 0o604, 0o620, 0o660]) {
      chmodSync(path, mode);
      expect(() => loadKeyFile(path)).toThrow(/others may read it/);
    }
    chmodSync(path, 0o600);
    writeFileSync(path, "-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----\n");
    expect(() => loadKeyFile(path)).toThrow(/holds no private key/);
    expect(() => loadKeyFile(`${path}.none`)).toThrow(/no such key/);
  });

  test("never print their private half", () => {
    const key = makeSigningKey();
    const pem = String(key.privateKey.export({ format: "pem", type: "pkcs8" }));
    const secret = pem.split("\n")[1] as string;
    expect(JSON.stringify(key) + String(key.privateKey)).not.toContain(secret.slice(20));
  });

  test("have the id that TUF gives them", () => {
    const { publicHex, keyId } = makeSigningKey();
    expect(keyIdOf(publicHex)).toBe(keyId);
    const key = Key.fromJSON(keyId, { ...tufKeyObject(publicHex) });
    expect(key.toJSON()).toEqual(tufKeyObject(publicHex));
  });

  test("sign and verify; anything malformed is false, not thrown", () => {
    const key = makeSigningKey();
    const signature = signHex(key, "text");
    expect(verifyHex(key.publicHex, Buffer.from("text"), signature)).toBe(true);
    expect(verifyBase64Url(key.publicHex, "text", signBase64Url(key, "text"))).toBe(true);
    const wrong: readonly (readonly [string, string, string])[] = [
      [key.publicHex, "texts", signature],
      [makeSigningKey().publicHex, "text", signature],
      [key.publicHex, "text", ""],
      [key.publicHex, "text", signature.toUpperCase()],
      ["00", "text", signature],
      ["f".repeat(64), "text", signature],
    ];
    for (const [publicHex, text, given] of wrong) expect(verifyHex(publicHex, text, given)).toBe(false);
    expect(verifyBase64Url(key.publicHex, "text", "?")).toBe(false);
  });
});

describe("tokens", () => {
  test("live in a 0600 file and are compared by hash", () => {
    const path = join(newFolder(), "STF-1.token");
    const { token, sha256 } = createTokenFile(path, "STF-1");
    expect(modeOf(path)).toBe("600");
    expect(readTokenFile(path)).toBe(token);
    expect([tokenId(token), tokenSha256(token), tokenMatches(token, sha256)]).toEqual(["STF-1", sha256, true]);
    expect(tokenMatches(`${token}x`, sha256)).toBe(false);
    expect(tokenMatches(token, "")).toBe(false);
    for (const bad of ["", ":", "STF-1", "STF-1:short", "../x:".padEnd(48, "A"), `STF 1:${"A".repeat(43)}`])
      expect(tokenId(bad)).toBeUndefined();
    chmodSync(path, 0o644);
    expect(() => readTokenFile(path)).toThrow(/others may read it/);
    chmodSync(path, 0o600);
    writeFileSync(path, "nothing");
    expect(() => readTokenFile(path)).toThrow(/holds no token/);
  });
});

test("a folder of one relative letter ends the way up", () => {
  const before = process.cwd();
  const folder = mkdtempSync(join(tmpdir(), "maint-folder-"));
  try {
    process.chdir(folder);
    makeFolder("k");
    expect(existsSync(join(folder, "k"))).toBe(true);
  } finally {
    process.chdir(before);
    rmSync(folder, { recursive: true, force: true });
  }
});
