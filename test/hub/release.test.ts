import { rmSync } from "node:fs";
import { dirname } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { makeSigningKey, signHex } from "../../src/disk/key-file.ts";
import type { PolicyCentral } from "../../src/hub/policy-central/policy-central.ts";
import { type AssignmentDocument, assignmentText } from "../../src/hub/release/assignment.ts";
import { makeMetadata, readMetadata, signedText, type TufJson } from "../../src/hub/release/metadata-text.ts";
import {
  type AssignmentSubmission,
  addTargets,
  countersign,
  initialRoot,
  prepareAssignment,
  type ReleaseSubmission,
  renewTargets,
} from "../../src/hub/release/sign-release.ts";
import { DAY_MS, markFor, type PolicyBench, policyBench, START_MS } from "./release-fixture.ts";

const benches: PolicyBench[] = [];
afterEach(() => {
  for (const { folder } of benches.splice(0)) rmSync(dirname(folder), { recursive: true, force: true });
});
const newBench = (): PolicyBench => {
  const bench = policyBench();
  benches.push(bench);
  return bench;
};
/** With two stored versions of UV-DAILY and one of AMBIENT. */
function filled(bench: PolicyBench): PolicyCentral {
  const policy = bench.open();
  for (const change of [{}, { version: "v1.1", bundle: "{}" }, { contract: "AMBIENT", domain: "general" }])
    expect(policy.store(bench.prepare(policy, change))).toMatchObject({ ok: true });
  return policy;
}
const refused = (policy: PolicyCentral, submission: ReleaseSubmission): string => {
  const before = JSON.stringify([policy.metadata(), policy.releases()]);
  const result = policy.store(submission);
  expect(JSON.stringify([policy.metadata(), policy.releases()])).toBe(before);
  expect(policy.verifyAll()).toEqual([]);
  return result.ok ? "stored" : result.error.code;
};

describe("a submission is refused", () => {
  interface Bad {
    readonly code: string;
    readonly what: string;
    readonly make: (bench: PolicyBench, policy: PolicyCentral) => ReleaseSubmission;
  }
  type Draft = { signatures: { keyid: string; sig: string }[]; signed: { [key: string]: unknown } };
  /** Changes the signed part of good metadata and signs it again with the author's key. */
  const resigned = (
    bench: PolicyBench,
    good: ReleaseSubmission,
    change: (signed: TufJson) => void,
  ): ReleaseSubmission => {
    const { signed } = JSON.parse(good.targets) as { signed: TufJson };
    change(signed);
    const { version, expires, _type, spec_version, ...more } = signed;
    const next = makeMetadata("targets", version as number, expires as string, more);
    return { ...good, targets: signedText(next, bench.keys.author) };
  };
  const edited = (good: ReleaseSubmission, change: (draft: Draft) => void): ReleaseSubmission => {
    const draft = JSON.parse(good.targets) as Draft;
    change(draft);
    return { ...good, targets: JSON.stringify(draft) };
  };
  const next = (bench: PolicyBench, policy: PolicyCentral, change = {}) =>
    bench.prepare(policy, { version: "v1.2", ...change });
  const OLD = "penetrant/maintenance-contracts/v1.0/UV-DAILY.bundle.json";
  const NEW = "penetrant/maintenance-contracts/v1.2/UV-DAILY.bundle.json";
  /** v1.2 with an assignment that says so. */
  const assigned = (bench: PolicyBench, policy: PolicyCentral, change: Partial<AssignmentDocument>) => {
    const good = next(bench, policy);
    const assignment = assignmentText({ ...WAY_BACK, ...change });
    const { contract, number } = { ...WAY_BACK, ...change };
    const path = `penetrant/assignments/${contract}/${number}.json`;
    const base = policy.metadata().delegated.get("penetrant")?.text ?? "";
    const bytes = Buffer.from(assignment);
    const targets = addTargets(base, [{ path, bytes }], [bench.keys.author], START_MS);
    return { ...good, assignment, targets: targets.ok ? targets.value : "" };
  };
  const files = (signed: TufJson) => signed["targets"] as { [path: string]: TufJson };

  const cases: readonly Bad[] = [
    { code: "bad-name", what: "a domain that climbs", make: (b, p) => ({ ...next(b, p), domain: "../penetrant" }) },
    {
      code: "bad-name",
      what: "the metadata's own folder as domain",
      make: (b, p) => ({ ...next(b, p), domain: "metadata" }),
    },
    { code: "bad-name", what: "a contract id that climbs", make: (b, p) => ({ ...next(b, p), contract: "../../X" }) },
    { code: "bad-name", what: "a version with a path", make: (b, p) => ({ ...next(b, p), version: "v1.2/.." }) },
    { code: "version-exists", what: "a stored version", make: (b, p) => ({ ...next(b, p), version: "v1.1" }) },
    { code: "version-not-next", what: "a skipped version", make: (b, p) => ({ ...next(b, p), version: "v1.3" }) },
    {
      code: "version-not-next",
      what: "a first version that is not v1.0",
      make: (b, p) => ({ ...next(b, p), contract: "NEW" }),
    },
    { code: "domain-changed", what: "another domain", make: (b, p) => next(b, p, { domain: "general" }) },
    { code: "metadata-unreadable", what: "no JSON", make: (b, p) => ({ ...next(b, p), targets: "{" }) },
    {
      code: "metadata-unreadable",
      what: "a doubled key",
      make: (b, p) => ({ ...next(b, p), targets: next(b, p).targets.replace('"version":', '"version":1,"version":') }),
    },
    {
      code: "metadata-unreadable",
      what: "other metadata",
      make: (b, p) => ({ ...next(b, p), targets: p.metadata().snapshot.text }),
    },
    {
      code: "signature-missing",
      what: "no signature",
      make: (b, p) => edited(next(b, p), (d) => d.signatures.splice(0)),
    },
    {
      code: "signature-missing",
      what: "a stranger's signature",
      make: (b, p) => next(b, p, { keys: [makeSigningKey()] }),
    },
    {
      code: "signature-missing",
      what: "the hub's own signature",
      make: (b, p) => next(b, p, { keys: [b.keys.online] }),
    },
    {
      code: "signature-invalid",
      what: "another text under the author's key id",
      make: (b, p) =>
        edited(next(b, p), (d) =>
          d.signatures.forEach((one) => {
            one.sig = signHex(b.keys.author, "x");
          }),
        ),
    },
    {
      code: "signature-invalid",
      what: "an entry edited after signing",
      make: (b, p) =>
        edited(next(b, p), ({ signed }) => {
          signed["version"] = 9;
        }),
    },
    {
      code: "metadata-version",
      what: "metadata signed on an old base",
      make: (b, p) =>
        resigned(b, next(b, p), (s) => {
          s["version"] = 3;
        }),
    },
    {
      code: "metadata-version",
      what: "a skipped metadata version",
      make: (b, p) =>
        resigned(b, next(b, p), (s) => {
          s["version"] = 5;
        }),
    },
    {
      code: "expired",
      what: "metadata that has run out",
      make: (b, p) =>
        resigned(b, next(b, p), (s) => {
          s["expires"] = "2020-01-01T00:00:00Z";
        }),
    },
    {
      code: "delegation",
      what: "a delegation",
      make: (b, p) =>
        resigned(b, next(b, p), (s) => {
          s["delegations"] = { keys: {}, roles: [] };
        }),
    },
    {
      code: "entry-removed",
      what: "a stored entry left out",
      make: (b, p) =>
        resigned(b, next(b, p), (s) => {
          delete files(s)[OLD];
        }),
    },
    {
      code: "entry-changed",
      what: "a stored entry changed",
      make: (b, p) =>
        resigned(b, next(b, p), (s) => {
          (files(s)[OLD] as TufJson)["length"] = 3;
        }),
    },
    {
      code: "entry-changed",
      what: "another mark on a stored entry",
      make: (b, p) =>
        resigned(b, next(b, p), (s) => {
          (files(s)[OLD] as TufJson)["custom"] = { direction: "same", comparedWith: null, offline: "accept" };
        }),
    },
    {
      code: "entry-unexpected",
      what: "a third file",
      make: (b, p) =>
        resigned(b, next(b, p), (s) => {
          files(s)["../../evil"] = files(s)[OLD] as TufJson;
        }),
    },
    {
      code: "entry-missing",
      what: "a release without its text",
      make: (b, p) =>
        resigned(b, next(b, p), (s) => {
          delete files(s)["penetrant/maintenance-contracts/v1.2/UV-DAILY.maint"];
        }),
    },
    {
      code: "digest-mismatch",
      what: "another bundle",
      make: (b, p) => ({ ...next(b, p), bundle: '{"contract":"UV-DAILY","version":"v1.3"}' }),
    },
    {
      code: "delegation",
      what: "another domain's role",
      make: (b, p) => next(b, p, { role: "general" }),
    },
    {
      code: "delegation",
      what: "the top-level targets, which only delegate",
      make: (b, p) => ({ ...next(b, p), role: "targets", targets: p.metadata().targets.text }),
    },
    {
      code: "mark-unreadable",
      what: "a bundle without its direction",
      make: (b, p) =>
        resigned(b, next(b, p), (s) => {
          delete (files(s)[NEW] as TufJson)["custom"];
        }),
    },
    {
      code: "mark-unreadable",
      what: "a release held against another version than the latest",
      make: (b, p) => {
        const comparedWith = p.release("UV-DAILY", "v1.0")?.digest ?? null;
        return next(b, p, { mark: { ...markFor(p, "UV-DAILY"), comparedWith } });
      },
    },
    {
      code: "mark-unreadable",
      what: "a second version that calls itself the first",
      make: (b, p) => next(b, p, { mark: { direction: "first", comparedWith: null, offline: "accept" } }),
    },
    {
      code: "loosening-role",
      what: "a release that loosens, signed by one in the domain's role",
      make: (b, p) => next(b, p, { mark: markFor(p, "UV-DAILY", "loosens") }),
    },
    {
      code: "threshold",
      what: "a release that loosens, signed by one of its two",
      make: (b, p) => next(b, p, { mark: markFor(p, "UV-DAILY", "both"), role: "penetrant-loosening" }),
    },
    {
      code: "metadata-unreadable",
      what: "the same signer twice",
      make: (b, p) =>
        edited(next(b, p, { mark: markFor(p, "UV-DAILY", "loosens"), role: "penetrant-loosening" }), (d) =>
          d.signatures.push(...d.signatures),
        ),
    },
    {
      code: "signature-invalid",
      what: "a second signature that does not hold",
      make: (b, p) =>
        edited(next(b, p, { mark: markFor(p, "UV-DAILY", "loosens"), role: "penetrant-loosening" }), (d) =>
          d.signatures.push({ keyid: b.keys.approver.keyId, sig: d.signatures[0]?.sig ?? "" }),
        ),
    },
    {
      code: "assignment",
      what: "a way back to a bundle that is not stored",
      make: (b, p) => assigned(b, p, { revertTo: [`sha256:${"0".repeat(64)}`] }),
    },
    { code: "assignment", what: "an assignment with a number left out", make: (b, p) => assigned(b, p, { number: 2 }) },
    {
      code: "assignment",
      what: "an assignment of another contract",
      make: (b, p) => assigned(b, p, { contract: "X" }),
    },
    {
      code: "loosening-role",
      what: "an assignment that lets nodes lose the contract, signed by one",
      make: (b, p) => assigned(b, p, { drop: true }),
    },
    { code: "digest-mismatch", what: "another text", make: (b, p) => ({ ...next(b, p), text: "contract X" }) },
    { code: "digest-mismatch", what: "text that is no Unicode", make: (b, p) => ({ ...next(b, p), text: "\ud800" }) },
  ];
  test("and nothing changes", () => {
    const bench = newBench();
    const policy = filled(bench);
    for (const { code, what, make } of cases)
      expect([what, refused(policy, make(bench, policy))]).toEqual([what, code]);
    expect(policy.store(next(bench, policy))).toMatchObject({ ok: true });
  });

  test("whichever byte of its metadata or its files is flipped", () => {
    const bench = newBench();
    const policy = bench.open();
    const good = bench.prepare(policy);
    let tried = 0;
    for (const part of ["targets", "text", "bundle"] as const) {
      const bytes = Buffer.from(good[part]);
      for (let place = 0; place < bytes.length; place += 1)
        for (const mask of [0x01, 0x20]) {
          const flipped = Buffer.from(bytes);
          flipped[place] = (bytes[place] as number) ^ mask;
          const result = policy.store({ ...good, [part]: flipped.toString() });
          if (result.ok) throw new Error(`byte ${place} of ${part} flipped by ${mask} was stored`);
          tried += 1;
        }
    }
    expect(tried).toBeGreaterThan(1_000);
    expect(policy.store(good)).toMatchObject({ ok: true });
  });
});

const WAY_BACK: AssignmentDocument = {
  ...{ format: "maint-assignment/1", contract: "UV-DAILY", number: 1, minimum: null, revertTo: [] },
  ...{ drop: false, shadow: false, nodes: null, reason: "", by: "author" },
};

describe("what loosens", () => {
  test("is stored with the signatures of two, whoever signed first", () => {
    for (const order of [["author", "approver"] as const, ["approver", "author"] as const]) {
      const bench = newBench();
      const policy = filled(bench);
      const [first, second] = order.map((name) => bench.keys[name]);
      if (first === undefined || second === undefined) throw new Error("two sign");
      const mark = markFor(policy, "UV-DAILY", "loosens");
      const half = bench.prepare(policy, { version: "v1.2", mark, role: "penetrant-loosening", keys: [first] });
      expect(policy.check(half)).toMatchObject({ ok: false, error: { code: "threshold" } });
      const whole = countersign(half.targets, second);
      expect(whole.ok && policy.store({ ...half, targets: whole.value })).toMatchObject({
        value: { version: "v1.2", role: "penetrant-loosening", mark: { direction: "loosens" } },
      });
      expect(
        bench
          .open()
          .releases("UV-DAILY")
          .map(({ version }) => version),
      ).toEqual(["v1.0", "v1.1", "v1.2"]);
      expect(policy.verifyAll()).toEqual([]);
    }
  });

  test("an assignment is a file of its own; the latest holds, also after a restart", () => {
    const bench = newBench();
    const policy = filled(bench);
    const submit = (change: Partial<AssignmentDocument>, keys = [bench.keys.author, bench.keys.approver]) => {
      const currentTargets = policy.metadata().delegated.get("penetrant-loosening")?.text ?? "";
      const more = { domain: "penetrant", role: "penetrant-loosening", currentTargets, keys, nowMs: START_MS };
      const made = prepareAssignment({ ...WAY_BACK, ...change }, more);
      if (!made.ok) throw new Error(made.error);
      return made.value;
    };
    expect(policy.assignment("UV-DAILY")).toBeUndefined();
    expect(policy.assign(submit({ drop: true }, [bench.keys.author]))).toMatchObject({ error: { code: "threshold" } });
    expect(policy.assign(submit({ drop: true }))).toMatchObject({ ok: true, value: { document: { number: 1 } } });
    expect(policy.assign(submit({ number: 3 }))).toMatchObject({ error: { code: "assignment" } });
    expect(policy.assign(submit({ number: 2, shadow: true }))).toMatchObject({ ok: true });
    const again = bench.open();
    const found = again.assignment("UV-DAILY");
    expect(found).toMatchObject({
      target: "penetrant/assignments/UV-DAILY/2.json",
      document: { shadow: true, drop: false },
    });
    expect(Buffer.from(again.blob(found?.digest ?? "") ?? []).toString()).toBe(
      assignmentText(found?.document ?? WAY_BACK),
    );
    expect(again.verifyAll()).toEqual([]);
  });

  test("a role's metadata is prolonged, and changes nothing else", () => {
    const bench = newBench();
    const policy = filled(bench);
    const text = policy.metadata().delegated.get("penetrant")?.text ?? "";
    const renewed = renewTargets(text, [bench.keys.author], START_MS + 90 * DAY_MS);
    expect(renewed.ok && policy.renew("penetrant", renewed.value)).toMatchObject({ ok: true });
    const more = bench.prepare(policy, { version: "v1.2" });
    expect(policy.renew("penetrant", more.targets)).toMatchObject({ error: { code: "entry-unexpected" } });
    expect(policy.renew("nobody", more.targets)).toMatchObject({ error: { code: "delegation" } });
    expect(policy.verifyAll()).toEqual([]);
  });

  test("a role takes a hundred files and no more", () => {
    const bench = newBench();
    const policy = bench.open();
    const entries = Array.from({ length: 101 }, (_, index) => ({
      path: `penetrant/x/${index}`,
      bytes: Buffer.from(""),
    }));
    const text = policy.metadata().delegated.get("penetrant")?.text ?? "";
    expect(addTargets(text, entries, [bench.keys.author], START_MS)).toMatchObject({ ok: false });
    expect(addTargets(text, entries.slice(1), [bench.keys.author], START_MS)).toMatchObject({ ok: true });
  });

  const strange: AssignmentSubmission = {
    ...{ domain: "penetrant", contract: "UV-DAILY", role: "penetrant" },
    ...{ assignment: '{"format":"maint-assignment/1"}', targets: "{}" },
  };
  test("no assignment is read that is not in our form", () => {
    expect(newBench().open().assign(strange)).toMatchObject({ ok: false });
  });
});

describe("metadata text", () => {
  test("has one spelling", () => {
    const bench = newBench();
    const { text } = bench.open().metadata().targets;
    expect(readMetadata("targets", text).ok).toBe(true);
    const others = [
      `${text} `,
      text.replace(":", ": "),
      text.replace(/"sig":"([0-9a-f]+)"/, (all) => all.toUpperCase()),
      `[${text}]`,
      "null",
    ];
    for (const other of others) expect(readMetadata("targets", other).ok).toBe(false);
  });

  test("a root that lists one key under two ids is refused", () => {
    const bench = newBench();
    const { roots, author, online } = bench.keys;
    const thresholds = { rootThreshold: 2, signersThreshold: 1 };
    const text = initialRoot({ roots, signers: [author], online, ...thresholds }, START_MS);
    const draft = JSON.parse(text) as { signed: { keys: { [id: string]: unknown } } };
    draft.signed.keys["0".repeat(64)] = draft.signed.keys[author.keyId];
    expect(readMetadata("root", JSON.stringify(draft))).toMatchObject({
      ok: false,
      error: expect.stringContaining("not its own"),
    });
  });
});
