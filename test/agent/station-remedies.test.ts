import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { REASON_CODES } from "../../src/model/reason-codes.ts";
import { brokenRules } from "../tidy/code-rules.ts";
import { filesBelow, root } from "../tidy/source-files.ts";

interface Opened {
  readonly form: string;
  readonly given: { readonly [name: string]: unknown };
  readonly label: string;
}

// The page's own files are JavaScript for browsers; these of them touch no document.
const { formFor } = (await import(pathToFileURL(join(root, "src/agent/station-page/remedies.js")).href)) as {
  readonly formFor: (removes: readonly string[], station: unknown) => Opened | null;
};

const station = { equipment: [{ asset: "Pump: 1", asks: ["use", "cycles"] }] };

const FAMILIES: { readonly [family: string]: string } = {
  ...{ ack: "acknowledgement", calibration: "calibration", check: "check", event: "calibration", lot: "lot" },
  ...{ extension: "calibration", order: "order", reading: "reading", reference: "calibration", settle: "reading" },
  ...{ usage: "counter", warmup: "on-time" },
};
const OWN: { readonly [code: string]: string } = {
  ...{ "equipment.locked-out": "service", "equipment.not-in-service": "service" },
  ...{ "equipment.needs-reverification": "service", "event.unknown": "event" },
};

test.each(REASON_CODES)("%s opens the form that answers it, or none", (code) => {
  const opened = formFor([`${code}:Pump: 1`], station);
  expect(opened?.form).toBe(OWN[code] ?? FAMILIES[code.split(".")[0] ?? ""]);
  if (opened === null || opened.form === "order") return;
  // A subject may hold a colon, and reaches the form whole.
  expect(Object.values(opened.given)).toContain("Pump: 1");
  expect(opened.label).not.toBe("");
});

test("what is known beforehand is filled in", () => {
  expect(formFor(["check.after-use-missing:Lamp-1"], station)?.given).toEqual({ asset: "Lamp-1", when: "closing" });
  expect(formFor(["check.before-use-failed:Lamp-1"], station)?.given).toEqual({ asset: "Lamp-1", when: "opening" });
  expect(formFor(["usage.exhausted:Pump: 1"], station)?.given).toEqual({
    ...{ asset: "Pump: 1", counter: "cycles", atService: true },
  });
  expect(formFor(["usage.unknown:elsewhere"], station)?.given).toEqual({ asset: "elsewhere" });
});

test("the first reason that has a form counts, and a name from nowhere opens none", () => {
  expect(formFor(["runtime.error:node", "reading.stale:uv"], station)?.form).toBe("reading");
  expect(formFor(["event.dropped:Lamp-1"], station)?.form).toBe("calibration");
  for (const odd of ["constructor:x", "__proto__:x", "toString.x:y", "", "reading"])
    expect([odd, formFor([odd], station)]).toEqual([odd, null]);
});

test("the house rules hold in the page's scripts", () => {
  const scripts = filesBelow(["src/agent/station-page"], (path) => path.endsWith(".js"));
  expect(scripts.length).toBeGreaterThan(5);
  expect(scripts.flatMap(brokenRules)).toEqual([]);
});
