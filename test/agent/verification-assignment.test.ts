import { describe, expect, test } from "vitest";
import type { Desired, DesiredAssignment, DesiredContract } from "../../src/model/message.ts";
import { type AssignmentWords, NODE, Plant } from "../tuf/plant.ts";

/** One contract in force in its second version; what a hub may take away, and what not. */
function inForce(): { plant: Plant; one: DesiredContract; two: DesiredContract } {
  const plant = new Plant(["uv", "mt"]);
  const one = plant.release("v1.0", "first");
  expect(plant.offer({ "UV-A": one })).toBe("accepted");
  const two = plant.release("v1.1", "tightens");
  expect(plant.offer({ "UV-A": two })).toBe("accepted");
  return { plant, one, two };
}

type World = ReturnType<typeof inForce>;
const shadow = (two: DesiredContract): Desired["contracts"] => ({ "UV-A": { ...two, mode: "shadow" } });

interface Row {
  readonly what: string;
  readonly is: string;
  readonly ask: (world: World) => Desired["contracts"];
  readonly words?: (world: World) => AssignmentWords;
  readonly role?: string;
  readonly domain?: string;
}

const rows: readonly Row[] = [
  { what: "a drop that nobody signed", is: "unassigned", ask: () => ({}) },
  { what: "a drop", is: "accepted", ask: () => ({}), words: () => ({ drop: true }) },
  {
    what: "a drop for this node among others",
    is: "accepted",
    ask: () => ({}),
    words: () => ({ drop: true, nodes: ["Pen-2", NODE] }),
  },
  {
    what: "a drop for another node",
    is: "unassigned",
    ask: () => ({}),
    words: () => ({ drop: true, nodes: ["Pen-2"] }),
  },
  { what: "a drop for no node", is: "unassigned", ask: () => ({}), words: () => ({ drop: true, nodes: [] }) },
  { what: "a drop where the shadow is allowed", is: "unassigned", ask: () => ({}), words: () => ({ shadow: true }) },
  {
    what: "a drop that one person signed",
    is: "threshold",
    ask: () => ({}),
    words: () => ({ drop: true }),
    role: "uv",
  },
  {
    what: "a drop signed by another domain",
    is: "unassigned",
    ask: () => ({}),
    words: () => ({ drop: true }),
    role: "mt-loosening",
    domain: "mt",
  },
  {
    what: "a drop in a place that the signers have no say over",
    is: "metadata-mismatch",
    ask: () => ({}),
    words: () => ({ drop: true }),
    role: "mt-loosening",
  },
  { what: "the shadow that nobody signed", is: "unassigned", ask: ({ two }) => shadow(two) },
  { what: "the shadow", is: "accepted", ask: ({ two }) => shadow(two), words: () => ({ shadow: true }) },
  {
    what: "the shadow where a drop is allowed",
    is: "unassigned",
    ask: ({ two }) => shadow(two),
    words: () => ({ drop: true }),
  },
  {
    what: "the shadow that one person signed",
    is: "threshold",
    ask: ({ two }) => shadow(two),
    words: () => ({ shadow: true }),
    role: "uv",
  },
  { what: "a version below", is: "unassigned", ask: ({ one }) => ({ "UV-A": one }) },
  {
    what: "a version below, at the minimum",
    is: "accepted",
    ask: ({ one }) => ({ "UV-A": one }),
    words: () => ({ minimum: "v1.0" }),
  },
  {
    what: "a version below the minimum",
    is: "unassigned",
    ask: ({ one }) => ({ "UV-A": one }),
    words: () => ({ minimum: "v1.1" }),
  },
  {
    what: "a minimum that one person lowered",
    is: "threshold",
    ask: ({ one }) => ({ "UV-A": one }),
    words: () => ({ minimum: "v1.0" }),
    role: "uv",
  },
  {
    what: "a revert with the digest",
    is: "accepted",
    ask: ({ one }) => ({ "UV-A": one }),
    words: ({ one }) => ({ revertTo: [one.digest] }),
    role: "uv",
  },
  {
    what: "a revert without the digest",
    is: "unassigned",
    ask: ({ one }) => ({ "UV-A": one }),
    words: ({ two }) => ({ revertTo: [two.digest] }),
    role: "uv",
  },
  {
    what: "a revert of another node",
    is: "unassigned",
    ask: ({ one }) => ({ "UV-A": one }),
    words: ({ one }) => ({ revertTo: [one.digest], nodes: ["Pen-2"] }),
    role: "uv",
  },
  {
    what: "another date",
    is: "unassigned",
    ask: ({ two }) => ({ "UV-A": { ...two, from: "2099-01-01" } }),
    words: () => ({ drop: true, shadow: true }),
  },
  {
    what: "the same version with other content",
    is: "content-mismatch",
    ask: ({ plant }) => ({ "UV-A": plant.release("v1.1", "same", { text: "weaker" }) }),
  },
  {
    what: "a higher version of another domain's signers",
    is: "unassigned",
    ask: ({ plant }) => ({ "UV-A": plant.release("v2.0", "first", { domain: "mt", role: "mt" }) }),
  },
];

test.each(rows)("$what: $is", ({ is, ask, words, role, domain }) => {
  const world = inForce();
  const contracts = ask(world);
  const assignment = words === undefined ? undefined : world.plant.assign(words(world), role, "UV-A", domain);
  expect(world.plant.offer(contracts, assignment === undefined ? {} : { "UV-A": assignment })).toBe(is);
});

describe("an assignment itself", () => {
  const offered = (change: (one: DesiredAssignment, world: World) => DesiredAssignment): string => {
    const world = inForce();
    const assignment = change(world.plant.assign({ drop: true }), world);
    return world.plant.offer({}, { "UV-A": assignment });
  };

  test("that was replaced is replayed: version-regression", () => {
    const { plant, two } = inForce();
    const first = plant.assign({ drop: true });
    const second = plant.assign({});
    expect(plant.offer({}, { "UV-A": first })).toBe("version-regression");
    expect(plant.offer({}, { "UV-A": second })).toBe("unassigned");
    expect(plant.offer({ "UV-A": two }, { "UV-A": second })).toBe("accepted");
  });

  test("whose successor's role is withheld: metadata-mismatch", () => {
    const { plant } = inForce();
    const first = plant.assign({ revertTo: [] }, "uv");
    plant.generation += 1;
    const desired = plant.desired({}, { "UV-A": first });
    const { "uv-loosening": withheld, ...delegated } = desired.metadata.delegated ?? {};
    expect(withheld).toBeDefined();
    expect(plant.take(plant.sign({ ...desired, metadata: { ...desired.metadata, delegated } }))).toBe(
      "metadata-mismatch",
    );
  });

  test.each([
    {
      what: "with bytes that nobody signed",
      is: "digest-mismatch",
      change: (one: DesiredAssignment, { plant }: World) => ({ ...one, digest: plant.put("{}") }),
    },
    {
      what: "whose bytes are not there",
      is: "digest-mismatch",
      change: (one: DesiredAssignment) => ({ ...one, digest: `sha256:${"0".repeat(64)}` }),
    },
    {
      what: "by a number that is not listed",
      is: "metadata-mismatch",
      change: (one: DesiredAssignment) => ({ ...one, target: "uv/assignments/UV-A/9.json" }),
    },
    {
      what: "of another contract",
      is: "metadata-mismatch",
      change: (one: DesiredAssignment) => ({ ...one, target: "uv/assignments/UV-B/1.json" }),
    },
    {
      what: "by a bundle's path",
      is: "metadata-mismatch",
      change: (one: DesiredAssignment) => ({ ...one, target: "uv/maintenance-contracts/v1.0/UV-A.bundle.json" }),
    },
  ])("$what: $is", ({ is, change }) => expect(offered(change)).toBe(is));

  test.each([
    "{",
    '{"format":"maint-assignment/2"}',
    '{"format":"maint-assignment/1","contract":"UV-B","number":1,"minimum":null,"revertTo":[],"drop":true,"shadow":false,"nodes":null,"reason":"","by":""}',
    '{"format":"maint-assignment/1","contract":"UV-A","number":2,"minimum":null,"revertTo":[],"drop":true,"shadow":false,"nodes":null,"reason":"","by":""}',
    '{"format":"maint-assignment/1","contract":"UV-A","number":1,"minimum":null,"revertTo":[],"drop":false,"drop":true,"shadow":false,"nodes":null,"reason":"","by":""}',
    '{"format":"maint-assignment/1","contract":"UV-A","number":1,"minimum":"1","revertTo":[],"drop":true,"shadow":false,"nodes":null,"reason":"","by":""}',
  ])("that is none is signed all the same: format-unsupported, %s", (text) => {
    const { plant } = inForce();
    const target = "uv/assignments/UV-A/1.json";
    plant.repo.addTarget("uv-loosening", target, text);
    plant.repo.publish("uv-loosening", "snapshot", "timestamp");
    const assignment = { digest: plant.put(text), size: text.length, target };
    expect(plant.offer({}, { "UV-A": assignment })).toBe("format-unsupported");
  });
});

/** What a release says it does, who signs that, and what a node that enforces v1.1 makes of it. */
test.each([
  { direction: "same", role: "uv", is: "accepted" },
  { direction: "tightens", role: "uv", is: "accepted" },
  { direction: "loosens", role: "uv", is: "threshold" },
  { direction: "both", role: "uv", is: "threshold" },
  { direction: "first", role: "uv", is: "threshold" },
  { direction: null, role: "uv", is: "format-unsupported" },
  { direction: "loosens", role: "uv-loosening", is: "accepted" },
  { direction: "both", role: "uv-loosening", is: "accepted" },
  { direction: "tightens", role: "uv-loosening", is: "accepted" },
  { direction: "loosens", role: "mt-loosening", is: "metadata-mismatch" },
] as const)("a release that says $direction in $role: $is", ({ direction, role, is }) => {
  const { plant } = inForce();
  expect(plant.offer({ "UV-A": plant.release("v1.2", direction, { role }) })).toBe(is);
});

test("a role that is loosening by its name alone may not loosen", () => {
  const { plant } = inForce();
  plant.repo.roleOf("uv-loosening", "targets").threshold = 1;
  plant.repo.publish("targets");
  expect(plant.offer({ "UV-A": plant.release("v1.2", "loosens", { role: "uv-loosening" }) })).toBe("threshold");
});

test("one of two signatures is not enough for what loosens", () => {
  const { plant } = inForce();
  const [author = null] = plant.repo.signers.get("uv-loosening") ?? [];
  plant.repo.signers.set("uv-loosening", author === null ? [] : [author]);
  expect(plant.offer({ "UV-A": plant.release("v1.2", "loosens", { role: "uv-loosening" }) })).toBe("threshold");
});

test("what follows the hundredth target lies in a second role, which loosens as the first", () => {
  const { plant, two } = inForce();
  const paths = ["uv/maintenance-contracts/*/*", "uv/assignments/*/*"];
  plant.repo.addDelegation("targets", { name: "uv-loosening-2", paths, threshold: 2 });
  plant.repo.addKey("uv-loosening-2", "targets");
  plant.repo.publish("targets", "uv-loosening-2", "snapshot", "timestamp");
  expect(plant.offer({ "UV-A": plant.release("v1.2", "loosens", { role: "uv-loosening-2" }) })).toBe("accepted");
  const back = plant.assign({ revertTo: [two.digest] }, "uv-loosening-2");
  expect(plant.offer({ "UV-A": two }, { "UV-A": back })).toBe("accepted");
});

test("a revert is a higher generation with older digests, and goes forward again", () => {
  const { plant, one, two } = inForce();
  const back = plant.assign({ revertTo: [one.digest] }, "uv");
  expect(plant.offer({ "UV-A": one }, { "UV-A": back })).toBe("accepted");
  expect(plant.offer({ "UV-A": two })).toBe("accepted");
});

test("control: a node that has no set in force lets all of it pass, so that the rows above are about the step", () => {
  const { plant, one } = inForce();
  plant.active = null;
  expect(plant.offer({ "UV-A": one })).toBe("accepted");
  expect(plant.offer({})).toBe("unassigned");
});
