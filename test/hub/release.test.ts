import { rmSync } from "node:fs";
import { dirname } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { makeSigningKey, signHex } from "../../src/disk/key-file.ts";
import type { PolicyCentral } from "../../src/hub/policy-central/policy-central.ts";
import { makeMetadata, readMetadata, signedText, type TufJson } from "../../src/hub/release/metadata-text.ts";
import {
  initialRoot,
  markDeprecated,
  type ReleaseSubmission,
  renewTargets,
} from "../../src/hub/release/sign-release.ts";
import { DAY_MS, type PolicyBench, policyBench, START_MS } from "./release-fixture.ts";

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
      make: (b, p) => next(b, p, { authorKey: makeSigningKey() }),
    },
    {
      code: "signature-missing",
      what: "the hub's own signature",
      make: (b, p) => next(b, p, { authorKey: b.keys.online }),
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
          s["version"] = 4;
        }),
    },
    {
      code: "metadata-version",
      what: "a skipped metadata version",
      make: (b, p) =>
        resigned(b, next(b, p), (s) => {
          s["version"] = 6;
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
      what: "a deprecation slipped into a release",
      make: (b, p) =>
        resigned(b, next(b, p), (s) => {
          (files(s)[OLD] as TufJson)["custom"] = { status: "deprecated" };
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

describe("amended metadata", () => {
  test("deprecates a release, once, for good, and changes nothing else", () => {
    const bench = newBench();
    const policy = filled(bench);
    const release = { domain: "penetrant", contract: "UV-DAILY", version: "v1.0", reason: "v1.1 is in force" };
    const marked = markDeprecated(policy.metadata().targets.text, release, bench.keys.author, START_MS);
    if (!marked.ok) throw new Error(marked.error);
    expect(policy.amend(marked.value)).toMatchObject({ ok: true, value: { targets: { version: 5 } } });
    expect(
      bench
        .open()
        .releases("UV-DAILY")
        .map(({ deprecated }) => deprecated),
    ).toEqual([true, false]);
    expect(policy.verifyAll()).toEqual([]);
    const undone = JSON.parse(policy.metadata().targets.text) as { signed: TufJson };
    const { version, expires, _type, spec_version, ...more } = undone.signed;
    const files = more["targets"] as { [path: string]: TufJson };
    for (const file of Object.values(files)) delete file["custom"];
    const back = signedText(makeMetadata("targets", 6, expires as string, more), bench.keys.author);
    expect([version, policy.amend(back)]).toMatchObject([5, { ok: false, error: { code: "entry-changed" } }]);
    expect(policy.amend(bench.prepare(policy, { version: "v1.2" }).targets)).toMatchObject({
      error: { code: "entry-unexpected" },
    });
    expect(markDeprecated(marked.value, { ...release, version: "v9.0" }, bench.keys.author, START_MS).ok).toBe(false);
  });

  test("prolongs the targets", () => {
    const bench = newBench();
    const policy = filled(bench);
    const renewed = renewTargets(policy.metadata().targets.text, bench.keys.author, START_MS + 90 * DAY_MS);
    expect(renewed.ok && policy.amend(renewed.value)).toMatchObject({ ok: true });
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
    const { root, author, online } = bench.keys;
    const text = initialRoot({ root, targets: author, online }, START_MS);
    const draft = JSON.parse(text) as { signed: { keys: { [id: string]: unknown } } };
    draft.signed.keys["0".repeat(64)] = draft.signed.keys[author.keyId];
    expect(readMetadata("root", JSON.stringify(draft))).toMatchObject({
      ok: false,
      error: expect.stringContaining("not its own"),
    });
  });
});
