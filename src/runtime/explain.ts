import type { DecisionDetail, Remedy } from "../model/decision.ts";
import type { Finding } from "./facts/part.ts";
import type { Given } from "./judge.ts";

/** What is wrong, for the operator's screen, and what turns it green. `S` stands for the subject. */
interface Saying {
  readonly says: string;
  readonly action: string | null;
  /** A role of people, or `operator`. */
  readonly who: string;
}

const say = (says: string, action: string | null = null, who = "operator"): Saying => ({ says, action, who });

const RECALIBRATE = "Recalibrate S";
const READ = "Read S again, in a known unit, and record it";
const ACKNOWLEDGE = 'Acknowledge "S"';
const REPORT = "Report this to the maintenance system's keeper";

const sayings: { readonly [code: string]: Saying } = {
  "ack.missing": say('"S" was not acknowledged in time', ACKNOWLEDGE),
  "ack.wrong-person": say('"S" was acknowledged by somebody else', ACKNOWLEDGE),
  "ack.second-person-missing": say('"S" needs another person', 'Have a second person acknowledge "S"'),
  "bundle.none": say("this node holds no contract", "Deploy a contract to this node", "admin"),
  "bundle.rejected": say("the contract for this node was refused", "Deploy it again", "admin"),
  "bundle.stale": say("this node's contracts are out of date", "Connect the node to its hub", "admin"),
  "calibration.missing": say("S has no calibration on record", "Calibrate S and record its certificate", "QA"),
  "calibration.placeholder-date": say(
    "S has a placeholder for a calibration date",
    "Correct the certificate of S",
    "QA",
  ),
  "calibration.wrong-asset": say(
    "the certificate of S belongs to another item",
    "Record the right certificate of S",
    "QA",
  ),
  "calibration.signature-invalid": say(
    "the signature on the certificate of S does not verify",
    "Record a signed certificate of S",
    "QA",
  ),
  "calibration.revoked": say("the certificate of S was revoked", RECALIBRATE, "QA"),
  "calibration.future-dated": say("the calibration of S is dated ahead", "Correct the certificate of S", "QA"),
  "calibration.failed": say("S failed its calibration", "Repair or replace S, then recalibrate it", "QA"),
  "calibration.result-unknown": say(
    "the calibration of S has no result",
    "Record the result of the calibration of S",
    "QA",
  ),
  "calibration.overdue": say("S is overdue for calibration", RECALIBRATE, "QA"),
  "calibration.due-soon": say("S is due for calibration soon"),
  "calibration.extended": say("S is used on an extension of its calibration"),
  "check.after-use-missing": say("S was not checked after its last use", "Check S and record it"),
  "check.after-use-failed": say(
    "S failed the check after its last use",
    "Take S out of use; parts since its last good check are suspect",
    "QA",
  ),
  "check.before-use-failed": say("S failed the check before use", "Repair or replace S, then check it again"),
  "check.missing": say("the check of S is missing", "Check S by its list and record it"),
  "check.stale": say("the check of S is too old", "Check S by its list and record it"),
  "check.failed": say("S failed its check", "Repair S, then check it again"),
  "clock.went-back": say("this node's clock went back", "Set the clock of this node right", "admin"),
  "clock.jumped-forward": say("this node's clock jumped"),
  "clock.unattested": say(
    "no hub has confirmed this node's clock since it started",
    "Connect this node to its hub",
    "admin",
  ),
  "contract.none-in-force": say("no version of S is in force", "Deploy a version of S that is in force", "admin"),
  "contract.none-binding": say(
    "no contract binds this station and test",
    "Deploy a contract for this station",
    "admin",
  ),
  "equipment.unknown": say("S is not in this station's register", "Enter S in the register of this station", "admin"),
  "equipment.locked-out": say(
    "S is locked out",
    "Finish the work on S; whoever locked it takes the lock off",
    "maintenance",
  ),
  "equipment.not-in-service": say("S is not in service", "Return S to service", "maintenance"),
  "equipment.needs-reverification": say("S was not verified after its return", "Verify S and record it", "QA"),
  "event.unknown": say("nobody knows all that happened to S", "Inspect S and record its events", "QA"),
  "extension.not-allowed": say("this contract allows S no extension", RECALIBRATE, "QA"),
  "extension.granted-too-late": say("the extension of S was granted after it had lapsed", RECALIBRATE, "QA"),
  "extension.not-approved": say("the extension of S is not approved by a named role", RECALIBRATE, "QA"),
  "impact.open": say("S was found out of tolerance, and what that means for earlier tests is not settled"),
  "lot.unknown": say("the lot of S or its dates are not known", "Record the lot of S with its expiry date"),
  "lot.expired": say("S is past its shelf life", "Use a fresh lot of S"),
  "lot.opened-too-long": say("S has been open too long", "Use a fresh lot of S"),
  "order.unknown": say("order S is not known here", "Link order S", "admin"),
  "order.closed": say("order S is closed", "Test for an open order, or have S opened again", "admin"),
  "order.missing": say("this station tests only for an order", "Name the order of this test"),
  "override.applied": say("override S is in use"),
  "override.not-allowed": say("override S is not allowed by the contract"),
  "override.not-in-force": say("override S is not in force"),
  "override.too-long": say("override S is longer than the contract allows"),
  "override.signatures": say("override S is not signed by each role, each by another person"),
  "override.self-approved": say("override S is approved by the operator"),
  "reading.missing": say("there is no reading of S", "Read S and record it"),
  "reading.not-a-number": say("the reading of S is no number", READ),
  "reading.no-unit": say("the reading of S has no unit", READ),
  "reading.wrong-unit": say("the reading of S is in a unit of another kind", READ),
  "reading.implausible": say("the reading of S cannot be right", READ),
  "reading.future-dated": say("the reading of S is dated ahead", READ),
  "reading.stale": say("the reading of S is too old", READ),
  "reading.instrument-not-valid": say(
    "S was not read with the instrument asked for, calibrated at that time",
    "Read S again with the calibrated instrument",
  ),
  "reading.out-of-range": say(
    "the reading of S lies outside the instrument's calibrated range",
    "Read S with an instrument of the right range",
  ),
  "reading.in-guard-band": say("S is too near its limit", "Correct S, then read it again"),
  "reading.out-of-limits": say("S is outside its limit", "Correct S, then read it again"),
  "reference.missing": say(
    "the standards behind the certificate of S are not known",
    "Record the reference standards of S",
    "QA",
  ),
  "reference.invalid-at-use": say(
    "the standard S was not valid when it was used",
    "Recalibrate what was calibrated with S against a valid standard",
    "QA",
  ),
  "reference.cycle": say("the chain of standards of S runs in a circle", "Correct the reference standards of S", "QA"),
  "runtime.unavailable": say("the gate is not available", REPORT, "admin"),
  "runtime.timeout": say("the decision took too long", "Ask again; then report it", "operator"),
  "runtime.error": say("the gate could not decide", REPORT, "admin"),
  "settle.too-short": say("S was read before it had settled", "Let it settle, then read S again"),
  "usage.unknown": say("the use of S is not known", "Record the counter of S and the planned use"),
  "usage.counter-went-back": say("the counter of S went back", "Check the counter of S", "maintenance"),
  "usage.exhausted": say("S has used up its service interval", "Service S", "maintenance"),
  "usage.would-run-out": say("S would run out during the test", "Service S", "maintenance"),
  "usage.due-soon": say("S is due for service soon"),
  "warmup.too-short": say("S has not been on long enough", "Record that S is on, and let it warm up"),
};

function sayingOf(code: string): Saying {
  const known = Object.hasOwn(sayings, code) ? sayings[code] : undefined;
  if (known !== undefined) return known;
  const [family, kind = code] = code.split(".");
  return family === "event"
    ? say(`S was ${kind} since its calibration`, "Recalibrate S before it is used again", "QA")
    : say(`S: ${code}`, REPORT, "admin");
}

const put = (sentence: string, subject: string): string =>
  sentence.replaceAll("S", (letter, at: number) => (isWord(sentence, at) ? subject : letter));

/** `S` alone is the subject, the first letter of a word is not. */
const isWord = (sentence: string, at: number): boolean =>
  !/[A-Za-z]/.test(sentence[at + 1] ?? "") && !/[A-Za-z]/.test(sentence[at - 1] ?? "");

const capital = (sentence: string): string => sentence.charAt(0).toUpperCase() + sentence.slice(1);

/** "UV-A intensity …: 850 uW/cm2 is below the limit: at least 1000 uW/cm2" */
export function sentenceOf({ code, subject, more }: Finding): string {
  const { says } = sayingOf(code);
  // A name keeps its own letters, also at the beginning.
  const sentence = says.startsWith("S ") ? put(says, subject) : capital(put(says, subject));
  return more === null ? sentence : `${sentence}: ${more}`;
}

export function detailOf(severity: DecisionDetail["severity"], found: Finding, given: Given | null): DecisionDetail {
  return {
    severity,
    code: found.code,
    subject: found.subject,
    contract: given?.binding.release.loaded.bundle.contract ?? null,
    condition: given?.compiled.clause.condition ?? null,
    line: given?.compiled.clause.line ?? null,
    text: sentenceOf(found),
    because: given?.compiled.clause.because ?? null,
  };
}

/** What is put right by itself once its cause is: a reading taken with an instrument that must first be recalibrated comes after it. */
const rank = ({ removes }: Remedy): number => (removes.every((reason) => reason.startsWith("reading.")) ? 1 : 0);

/** The fewest actions: one for each action and subject, whatever number of reasons it removes. */
export function remediesOf(findings: readonly Finding[]): readonly Remedy[] {
  const actions = new Map<string, { text: string; who: string; removes: Set<string>; figures: string | null }>();
  for (const found of findings) {
    const { action, who } = sayingOf(found.code);
    if (action === null) continue;
    const text = put(action, found.subject);
    const entry = actions.get(text) ?? { text, who, removes: new Set<string>(), figures: found.more };
    entry.removes.add(`${found.code}:${found.subject}`);
    actions.set(text, entry);
  }
  const remedies = [...actions.values()].map(
    ({ text, who, removes, figures }): Remedy => ({
      text: figures === null ? text : `${text}: ${figures}`,
      who,
      removes: [...removes].sort(),
    }),
  );
  return remedies.sort((a, b) => rank(a) - rank(b) || (a.text < b.text ? -1 : 1));
}
