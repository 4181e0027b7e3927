import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chromiumPath, openBrowser } from "./chromium.ts";
import { contrastFaults, sizeFaults, textFaults } from "./page-measures.ts";
import { type StationFloor, startStationFloor } from "./station-floor.ts";

// The page in a browser, against an agent of a process of its own. Steps follow each other: one floor, one day.

const WAIT_MS = 15_000;
/** Sizes do not depend on the colours, nor colours on the sizes: each of both is seen twice. */
const SCREENS = [
  { viewport: { width: 1280, height: 800 }, colorScheme: "light" },
  { viewport: { width: 1024, height: 768 }, colorScheme: "dark" },
  { viewport: { width: 800, height: 480 }, colorScheme: "light" },
  { viewport: { width: 390, height: 800 }, colorScheme: "dark" },
] as const;

let floor: StationFloor;
let browser: Browser;
const complaints: string[] = [];
const elsewhere: string[] = [];

/** A page of its own that remembers what the console said and whom it asked. */
async function open(options: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(WAIT_MS);
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => {
    if (!request.url().startsWith(`${floor.url}/`)) elsewhere.push(request.url());
  });
  await page.goto(floor.url);
  return page;
}

async function signIn(page: Page, token: string): Promise<void> {
  // As a badge scanner does: it types and ends with Enter.
  await page.locator("#token").pressSequentially(token);
  await page.keyboard.press("Enter");
  await page.locator("#station").waitFor({ state: "visible" });
  await page.getByLabel("Planned cycles").fill("40");
  await page.keyboard.press("Enter");
  await verdict(page, /^(?!ASKING)/);
}

async function verdict(page: Page, word: RegExp): Promise<string> {
  const place = page.locator("#verdict-word").filter({ hasText: word });
  await place.waitFor();
  return (await place.textContent()) ?? "";
}

const toDo = (page: Page) => page.locator("#to-do li");
const said = (page: Page): Promise<string> => page.locator("#said").innerText();

async function record(page: Page, fill: (dialog: ReturnType<Page["locator"]>) => Promise<void>): Promise<string> {
  const dialog = page.locator("dialog");
  await fill(dialog);
  await dialog.locator("button[type=submit]").click();
  await dialog.waitFor({ state: "hidden" });
  return said(page);
}

/** Fills the form that a line of "What to do" opened, as somebody would who has done what it asks. */
async function fillAsAsked(dialog: ReturnType<Page["locator"]>): Promise<void> {
  const title = (await dialog.locator("h2").innerText()).trim();
  const field = (label: RegExp) => dialog.getByLabel(label);
  const choice = (name: string) => dialog.getByRole("radio", { name, exact: true });
  const monthsAgo = new Date(Date.now() - 60 * 86_400_000).toISOString().slice(0, 10);
  if (title.startsWith("Reading of")) {
    await field(/^Value/).fill(title.endsWith("uv-intensity") ? "1180.50" : "1.2");
  } else if (title === "Calibration certificate") {
    await field(/^Certificate number/).fill("CERT-7");
    await field(/^Calibrated on/).fill(monthsAgo.replaceAll("-", ""));
    await choice("Pass").check();
  } else if (title === "Lot in use") {
    await field(/^Lot number/).fill("24-117");
    await field(/^Good until/).fill("2099-12");
  } else if (title === "Counter") {
    await field(/^It shows/).fill("120");
    await choice("Yes, serviced").check();
  } else if (title === "Switched on or off") {
    await field(/^On for how many minutes/).fill("15");
  } else if (title.startsWith("Check of")) {
    for (const pass of await choice("Pass").all()) await pass.check();
  } else expect(title).toMatch(/^“.*”$/);
}

describe.skipIf(chromiumPath === undefined)("the station page", () => {
  let page: Page;

  beforeAll(async () => {
    [floor, browser] = await Promise.all([startStationFloor(), openBrowser()]);
    page = await open();
  });
  afterAll(async () => {
    await browser?.close();
    await floor?.end();
  });

  test("nobody gets in without a token that the node knows, and the page says so", async () => {
    await page.locator("#token").fill("nobody at all");
    await page.getByRole("button", { name: "Sign in" }).click();
    expect(await page.locator("#sign-in-note").innerText()).toBe("This is no token.");
    await page.locator("#token").fill("STF-1:0000000000000000000000000000000000000000000");
    await page.keyboard.press("Enter");
    await page.locator("#sign-in-note", { hasText: "This token is not known at this station." }).waitFor();
    expect(await page.locator("#token").inputValue()).toBe("");
    expect(await page.locator("#station").isVisible()).toBe(false);
    // The browser itself writes the refused request to its console; nothing else may be there.
    expect(complaints.splice(0)).toEqual([expect.stringContaining("401")]);
  });

  test("a station of which nothing is known is blocked, with its reasons and what to do", async () => {
    await signIn(page, floor.tokens.operator);
    expect(await verdict(page, /./)).toBe("BLOCKED");
    expect(await page.locator("#person").innerText()).toBe("STF-1 (operator)");
    // A busy machine may decide too late once: the page asks again.
    await page.locator("#reasons", { hasText: "There is no reading of uv-intensity" }).waitFor();
    const reasons = await page.locator("#reasons").innerText();
    expect(reasons).toContain("must be at least 1000 uW/cm2");
    expect(reasons).toContain("Because too little UV-A hides indications");
    expect(reasons).toMatch(/MAIN-PEN-CHECK-001, uv-intensity-each-day, line \d+/);
    expect(await toDo(page).count()).toBeGreaterThan(6);
  });

  test("the agent's refusal stands beside the field, in the field's words", async () => {
    await page.locator("#record").getByRole("button", { name: "Reading" }).click();
    const dialog = page.locator("dialog");
    await dialog.getByRole("button", { name: "uv-intensity" }).click();
    await dialog.getByRole("button", { name: "Record" }).click();
    expect(await dialog.locator(".field .error:visible").innerText()).toBe("Fill this in.");
    await dialog.getByLabel("Value").fill("eleven");
    await dialog.getByRole("button", { name: "Record" }).click();
    const beside = dialog.locator(".field", { hasText: "Value" }).locator(".error:visible");
    await beside.filter({ hasText: "“Value” is missing or no decimal number" }).waitFor();
    expect(complaints.splice(0)).toEqual([expect.stringContaining("400")]);
    await dialog.getByRole("button", { name: "Cancel" }).click();
  });

  test("a test that may not start is not started, and the ledger keeps that somebody asked", async () => {
    await page.getByLabel("Test id").pressSequentially("T-0");
    await page.getByRole("button", { name: "Start the test" }).click();
    await page.locator("#said", { hasText: /T-0 may not start: it is blocked\. Ledger entry \d+\./ }).waitFor();
    expect(await page.locator("#running").isVisible()).toBe(false);
  });

  test("what to do leads through the forms to MAY START", async () => {
    await page.getByLabel("Kind of test").selectOption("fluorescent-inspection");
    await verdict(page, /BLOCKED/);
    const done: string[] = [];
    while ((await verdict(page, /BLOCKED|MAY START/)) === "BLOCKED") {
      const next = toDo(page).filter({ hasNotText: "second person" }).getByRole("button").first();
      if ((await next.count()) === 0) {
        const late = await page.locator("#reasons", { hasText: "took too long" }).count();
        if (late === 0) break;
        await page.waitForTimeout(500);
        continue;
      }
      const key = (await next.getAttribute("data-key")) ?? "";
      expect(done, `what removes ${key} is done once`).not.toContain(key);
      done.push(key);
      await next.click();
      expect(await record(page, fillAsAsked)).toMatch(/^Recorded as E\d+: /);
      await page.waitForFunction((gone) => document.querySelector(`#to-do [data-key="${gone}"]`) === null, key);
    }
    expect(done.map((key) => key.split(".")[0])).toEqual(
      expect.arrayContaining(["ack", "calibration", "check", "lot", "reading", "usage", "warmup"]),
    );
    expect(await toDo(page).allInnerTexts()).toEqual([expect.stringContaining("second person")]);
  });

  test("a second person signs in with a token file, and the test may start", async () => {
    await page.getByRole("button", { name: "Sign out" }).click();
    expect(await page.locator("body").innerText()).not.toContain("STF-1");
    await page.locator("#token-file").setInputFiles(floor.tokenFile);
    await verdict(page, /BLOCKED/);
    expect(await page.locator("#person").innerText()).toBe("QA-1 (QA)");
    await page.locator("#record").getByRole("button", { name: "Acknowledge" }).click();
    await page.locator("dialog").getByRole("button", { name: "known flawed part" }).click();
    await record(page, async (dialog) => expect(await dialog.innerText()).toContain("STF-1 said so today"));
    await page.getByRole("button", { name: "Sign out" }).click();
    await signIn(page, floor.tokens.operator);
    expect(await verdict(page, /MAY START/)).toBe("MAY START");
    expect(await page.locator("#reasons").isVisible()).toBe(false);
  });

  test("the two verdicts differ in grey: another word, another shape, another picture", async () => {
    const look = async () => {
      await page.evaluate(() => document.documentElement.style.setProperty("filter", "grayscale(1)"));
      return {
        word: await page.locator("#verdict-word").innerText(),
        shape: await page.locator("#verdict-shape").getAttribute("href"),
        picture: (await page.locator("#verdict .shape").screenshot()).toString("base64"),
      };
    };
    const allowed = await look();
    await page.locator("#record").getByRole("button", { name: "Reading" }).click();
    await page.locator("dialog").getByRole("button", { name: "uv-intensity" }).click();
    await record(page, (dialog) => dialog.getByLabel("Value").fill("940"));
    await verdict(page, /BLOCKED/);
    expect(await page.locator("#reasons").innerText()).toContain("940 uW/cm2 is below the limit: at least 1000 uW/cm2");
    const blocked = await look();
    expect([allowed.word, blocked.word]).toEqual(["MAY START", "BLOCKED"]);
    expect(allowed.shape).not.toBe(blocked.shape);
    expect(allowed.picture).not.toBe(blocked.picture);
    await toDo(page).getByRole("button", { name: "Record reading" }).click();
    await record(page, (dialog) => dialog.getByLabel("Value").fill("1200"));
    await verdict(page, /MAY START/);
  });

  test("a test starts and ends, each with its ledger entry, and the closing check is asked for", async () => {
    await page.getByRole("button", { name: "Start the test" }).click();
    expect(await page.locator("#test .error:visible").innerText()).toBe("Scan or type the id of the test.");
    await page.getByLabel("Test id").pressSequentially("T-1");
    await page.keyboard.press("Enter");
    expect(await page.locator("#said").innerText()).not.toContain("has started");
    await page.getByRole("button", { name: "Start the test" }).click();
    await page.locator("#said", { hasText: /T-1 has started\. Ledger entry \d+\./ }).waitFor();
    await page.locator("#running", { hasText: "T-1 runs since" }).waitFor();
    await page.locator("#running").getByRole("button", { name: "End the test" }).click();
    await record(page, (dialog) => dialog.getByRole("radio", { name: "Passed" }).check());
    expect(await said(page)).toMatch(/T-1 has ended: passed\. Ledger entry \d+\.\s+Now check what was used:/);
    await page
      .locator("#said")
      .getByRole("button", { name: /^Check / })
      .click();
    expect(await page.locator("dialog h2").innerText()).toMatch(/after use$/);
    expect(await record(page, fillAsAsked)).toMatch(/Recorded as E\d+: check of .* after use: pass/);
    await page.locator("#running").waitFor({ state: "hidden" });
  });

  test.each(SCREENS)(
    "at $viewport.width x $viewport.height, $colorScheme, all is large, in contrast and whole",
    async (screen) => {
      const other = await open(screen);
      const measure = async (what: string) => {
        const faults = [await sizeFaults(other), await contrastFaults(other), await textFaults(other)].flat();
        expect(faults, what).toEqual([]);
      };
      await measure("signing in");
      await signIn(other, floor.tokens.qa);
      await measure("the station");
      for (const button of await other.locator("#record button").all()) {
        await button.click();
        await measure(`the form ${await button.innerText()}`);
        await other.locator("dialog").getByRole("button", { name: "Cancel" }).click();
      }
      await other.context().close();
    },
  );

  test("and the measures find a small button, a pale text and a word that is cut off", async () => {
    const other = await open();
    await other.evaluate(() => {
      const button = document.querySelector<HTMLElement>("#sign-in button");
      const text = document.querySelector<HTMLElement>("#sign-in .quiet");
      const title = document.querySelector<HTMLElement>("#sign-in h1");
      button?.style.setProperty("min-height", "40px");
      button?.style.setProperty("align-self", "start");
      text?.style.setProperty("color", "rgb(150, 150, 150)");
      title?.style.setProperty("width", "80px");
      title?.style.setProperty("overflow", "hidden");
      title?.style.setProperty("white-space", "nowrap");
    });
    expect(await sizeFaults(other)).toEqual([expect.stringContaining("Sign in")]);
    expect(await contrastFaults(other)).toEqual([expect.stringContaining("rgb(150, 150, 150)")]);
    expect(await textFaults(other)).toEqual([expect.stringContaining("Sign in at")]);
    await other.context().close();
  });

  test("the keyboard alone reaches everything, and what has the focus is seen", async () => {
    const other = await open();
    await signIn(other, floor.tokens.operator);
    const steps = await other.locator("button:visible, input:visible, select:visible").count();
    const reached = new Set<string>();
    for (let step = 0; step < steps; step++) {
      await other.keyboard.press("Tab");
      const seen = await other.evaluate(() => {
        const one = document.activeElement as HTMLElement;
        // Between the last and the first stands the browser itself.
        if (one === document.body) return { name: "", outline: "" };
        return { name: one.textContent || one.id, outline: getComputedStyle(one).outlineWidth };
      });
      if (seen.name !== "") expect(seen.outline, seen.name).toBe("4px");
      reached.add(seen.name);
    }
    for (const name of ["Sign out", "Start the test", "Reading", "Service"]) expect([...reached]).toContain(name);
    await other.context().close();
  });

  test("somebody who may only look is told so, and nothing can be recorded", async () => {
    const other = await open();
    await signIn(other, floor.tokens.auditor);
    expect(await verdict(other, /./)).toBe("BLOCKED");
    expect(await other.locator("#verdict-note").innerText()).toContain("does not cover gate");
    expect(await other.locator("#record").innerText()).toContain("This token may not record anything here.");
    await other.context().close();
    expect(complaints.splice(0)).toEqual(expect.arrayContaining([expect.stringContaining("403")]));
  });

  test("ten minutes without a touch end the session, and the token is nowhere", async () => {
    const other = await open();
    await other.clock.install();
    await other.reload();
    await signIn(other, floor.tokens.operator);
    await other.clock.fastForward(9 * 60_000 + 5_000);
    await other.locator("#idle-note", { hasText: "signed out within a minute" }).waitFor();
    await other.clock.fastForward(60_000);
    await other.locator("#sign-in-note", { hasText: "nobody touched the page" }).waitFor();
    expect(await other.locator("#station").isVisible()).toBe(false);
    const kept = await other.evaluate(() =>
      JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]),
    );
    expect(kept).toBe('[{},{},""]');
    expect(await other.content()).not.toContain(floor.tokens.operator);
    await other.context().close();
  });

  test.each(SCREENS)(
    "at $viewport.width what stands behind the contracts is said above the verdict",
    async (screen) => {
      const other = await open(screen);
      const { caveatsOf } = await import("../../src/agent/caveats.ts");
      const release = { contract: "MAIN-PEN-CHECK-001", offline: "strict", mode: "enforce" } as const;
      const set = { freshUntilMs: 0, contracts: [release] };
      const now = { nowMs: 1, source: "wall" } as const;
      const caveats = caveatsOf({ set, now, hub: "away", print: () => "2026-11-24 09:00" });
      await other.route("**/v1/station", async (route) => {
        const response = await route.fetch();
        await route.fulfill({ response, json: { ...((await response.json()) as object), caveats } });
      });
      await signIn(other, floor.tokens.operator);
      expect(await other.locator("#caveats .badge").allInnerTexts()).toEqual([
        ...["OFFLINE", "NOT VOUCHED FOR", "TIME NOT SIGNED"],
      ]);
      expect([await sizeFaults(other), await contrastFaults(other), await textFaults(other)].flat()).toEqual([]);
      const shots = process.env["STATION_SHOTS"];
      if (shots !== undefined) await other.screenshot({ path: `${shots}/${screen.viewport.width}.png` });
      await other.context().close();
    },
  );

  test("a hub that goes away is said, and the verdict stays the gate's", async () => {
    const other = await open();
    await signIn(other, floor.tokens.operator);
    expect(await other.locator("#caveats").isVisible()).toBe(false);
    await other.getByRole("button", { name: "Sign out" }).click();
    await floor.stopHub();
    await signIn(other, floor.tokens.operator);
    await other
      .locator("#caveats", { hasText: "The hub does not answer: it goes on by the contracts it keeps" })
      .waitFor();
    expect(await other.locator("#caveats .badge").allInnerTexts()).toEqual(["OFFLINE"]);
    expect(await verdict(other, /MAY START|BLOCKED/)).toBe("MAY START");
    await other.context().close();
  });

  test("a token that is no longer accepted ends the session", async () => {
    const other = await open();
    await signIn(other, floor.tokens.operator);
    const body = JSON.stringify({ error: { code: "MAINT_ERR_UNAUTHORIZED", message: "no valid token", help: null } });
    await other.route("**/v1/gate", (route) => route.fulfill({ status: 401, contentType: "application/json", body }));
    await other.getByLabel("Test id").pressSequentially("T-9");
    await other.locator("#sign-in-note", { hasText: "Your token is no longer accepted." }).waitFor();
    await other.context().close();
    expect(complaints.splice(0)).toEqual([expect.stringContaining("401")]);
  });

  test("a verdict that nothing renews is not current, and an agent that is gone means BLOCKED", async () => {
    const other = await open();
    await other.clock.install();
    await other.reload();
    await signIn(other, floor.tokens.operator);
    await verdict(other, /MAY START/);
    // An agent that takes the question and never answers.
    await other.route("**/v1/**", () => undefined);
    await other.clock.fastForward(16_000);
    expect(await verdict(other, /NOT CURRENT|BLOCKED/)).toBe("NOT CURRENT");
    expect(await other.locator("#verdict-note").innerText()).toMatch(/^MAY START was said at .* Do not rely on it\.$/);
    expect(await other.locator("#verdict").getAttribute("data-state")).toBe("old");
    await other.unroute("**/v1/**");
    await other.clock.runFor(6_000);
    await verdict(other, /MAY START/);
    await floor.stopAgent();
    await other.clock.runFor(6_000);
    expect(await verdict(other, /BLOCKED/)).toBe("BLOCKED");
    expect(await other.locator("#verdict-note").innerText()).toContain("The agent does not answer. Nothing may start.");
    expect(await toDo(other).count()).toBe(0);
    await page.locator("#verdict-word", { hasText: "BLOCKED" }).waitFor();
  });

  test("the console stayed silent, and nobody but the agent was asked", () => {
    // Refused connections of the agent that was stopped are the browser's own words.
    expect(
      complaints.filter((line) => !/ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE/.test(line)),
    ).toEqual([]);
    expect(elsewhere).toEqual([]);
  });
});
