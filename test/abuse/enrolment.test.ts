import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeSigningKey, type SigningKey } from "../../src/disk/key-file.ts";
import { AUTH_TIMEOUT_MS, ENROLMENT_TOKEN_LIFE_MS } from "../../src/model/limits.ts";
import { type HubBench, hubBench, scriptedNode } from "../hub/hub-fixture.ts";
import { sessionBench } from "../hub/session-bench.ts";

// Abuse cases 15 and 16: who wants to be a node that he is not.

let bench: HubBench;
let nowMs = Date.now();
beforeAll(async () => {
  bench = await hubBench({ clock: { nowMs: () => nowMs } });
});
afterAll(() => bench.close());

interface Enrolment {
  readonly token: string;
  readonly node: string;
  readonly key?: SigningKey;
}

/** The answer's status, and what it says. */
async function enrol({ token, node, key = makeSigningKey() }: Enrolment): Promise<[number, string]> {
  const answer = await fetch(`${bench.hub().url}/v1/enrol`, {
    method: "POST",
    body: JSON.stringify({ token, node, publicKey: key.publicHex }),
  });
  const { error } = (await answer.json()) as { readonly error?: { readonly message: string } };
  return [answer.status, error?.message ?? ""];
}

async function tokenFor(node: string): Promise<string> {
  const register = { station: { id: node, type: "press" }, plantZone: "America/Chicago" };
  return ((await bench.admin().post("/v1/nodes", register)) as { readonly token: string }).token;
}

const refusedIn = (node: string): number =>
  bench.hub().services.ledger.list({ actionType: "node_enrolment", action: "refused", target: node }).length;

describe("AB-15: an enrolment token that was stolen", () => {
  test("it holds for its node alone, and once", async () => {
    const token = await tokenFor("EN-01");
    await tokenFor("EN-02");
    const refused = (node: string) => [403, `this token does not enrol ${node}`];
    expect(await enrol({ token, node: "EN-02" })).toEqual(refused("EN-02"));
    expect(await enrol({ token, node: "EN-99" })).toEqual(refused("EN-99"));
    expect(await enrol({ token: `${token}x`, node: "EN-01" })).toEqual(refused("EN-01"));
    // Control: for its own node it holds, and what was tried before has not used it up.
    expect(await enrol({ token, node: "EN-01" })).toEqual([201, ""]);
    expect(await enrol({ token, node: "EN-01" })).toEqual(refused("EN-01"));
  });

  test("two that use it in the same moment are one node", async () => {
    const token = await tokenFor("EN-03");
    const answers = await Promise.all(Array.from({ length: 8 }, () => enrol({ token, node: "EN-03" })));
    expect(answers.map(([status]) => status).sort()).toEqual([201, 403, 403, 403, 403, 403, 403, 403]);
  });

  test("it holds for a quarter of an hour, and a newer one ends it", async () => {
    const [older, newer] = [await tokenFor("EN-04"), await tokenFor("EN-04")];
    expect((await enrol({ token: older, node: "EN-04" }))[0]).toBe(403);
    const late = await tokenFor("EN-05");
    nowMs += ENROLMENT_TOKEN_LIFE_MS - 1;
    expect((await enrol({ token: newer, node: "EN-04" }))[0]).toBe(201);
    nowMs += 1;
    expect((await enrol({ token: late, node: "EN-05" }))[0]).toBe(403);
  });

  test("that somebody tried one that was used, is too old or is another node's stands in the ledger, once a token", async () => {
    const token = await tokenFor("EN-06");
    await enrol({ token, node: "EN-06" });
    for (let turn = 0; turn < 3; turn++) await enrol({ token, node: "EN-06" });
    expect(refusedIn("EN-06")).toBe(1);
    // Who guesses has no token: nothing grows by that.
    const before = bench.hub().services.ledger.head().size;
    for (let turn = 0; turn < 3; turn++) await enrol({ token: "guess", node: "EN-06" });
    expect(bench.hub().services.ledger.head().size).toBe(before);
  });

  test("the hub's disk holds its hash and not the token", async () => {
    const token = await tokenFor("EN-07");
    const folder = join(bench.data, "hub");
    const disk = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name)).toString("latin1"))
      .join("\n");
    expect(disk.includes(token)).toBe(false);
    expect(disk.includes(createHash("sha256").update(token).digest("hex"))).toBe(true);
  });
});

describe("AB-16: the answer to a challenge, used again or passed on", () => {
  /** What a link hears after its hello; the nonce is its own unless told. */
  const heard = async (
    at: Awaited<ReturnType<typeof sessionBench>>,
    hello: { readonly nonce?: string; readonly hub?: string; readonly node?: string; readonly key?: SigningKey },
  ): Promise<string> => {
    const link = scriptedNode(at.url, "LP-01", at.keyOf("LP-01"));
    await link.hello(hello);
    const said = await Promise.race([
      link.next("welcome").then(() => "welcome"),
      link.next("error").then(({ code }) => code),
    ]);
    link.end();
    return said;
  };

  test.each([
    ["a nonce that this hub gave to another connection", { nonce: "earlier" }],
    ["a nonce of the node's own", { nonce: "m".repeat(43) }],
    ["a signature for another hub, passed on to this one", { hub: "hub-2" }],
    ["a signature of another node's key", { key: makeSigningKey() }],
  ])("%s proves nothing", async (_, hello) => {
    const at = await sessionBench();
    const first = scriptedNode(at.url, "LP-01", at.keyOf("LP-01"));
    const { nonce } = await first.next("challenge");
    const used = "nonce" in hello && hello.nonce === "earlier" ? { nonce } : hello;
    expect(await heard(at, used)).toBe("unauthenticated");
    await at.sessions.stop();
    expect(at.noted).toMatchObject([{ action: "refused", node: "LP-01" }]);
    first.end();
  });

  test("a challenge is answered once, and within 5 s", async () => {
    const at = await sessionBench();
    const twice = await at.arrive("LP-01");
    twice.send("hello", {});
    expect(await twice.next("error")).toMatchObject({ code: "bad-frame" });
    const late = scriptedNode(at.url, "LP-02", at.keyOf("LP-02"));
    await late.next("challenge");
    at.time.pass(AUTH_TIMEOUT_MS);
    expect(await late.next("error")).toMatchObject({ code: "unauthenticated" });
  });

  test("control: an answer to the challenge of this connection is welcome", async () => {
    expect(await heard(await sessionBench(), {})).toBe("welcome");
  });

  test("every challenge is another one, of 32 bytes", async () => {
    const at = await sessionBench();
    const nonces = new Set<string>();
    for (let turn = 0; turn < 20; turn++) {
      const link = scriptedNode(at.url, "LP-01", at.keyOf("LP-01"));
      const { nonce } = await link.next("challenge");
      expect(Buffer.from(nonce, "base64url")).toHaveLength(32);
      nonces.add(nonce);
      link.end();
    }
    expect(nonces.size).toBe(20);
  });
});
