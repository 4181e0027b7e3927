import { byId, clockTime, element, fill } from "./elements.js";
import { formFor } from "./remedies.js";

/** How often the gate is asked, without writing anything down. */
export const REFRESH_MS = 5_000;
/** A verdict that nothing renewed for this long says nothing about now. */
const OLD_AFTER_MS = 15_000;

const SHAPES = { blocked: "blocked", allowed: "allowed", asking: "waiting", old: "waiting" };

const plural = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;

/**
 * What stands in the big panel. `decision` is the gate's last answer to the test that is asked for now, else null; `refusal` is
 * why there is none, else null. Only a fresh answer of the gate that allows says MAY START.
 */
export function verdictOf({ decision, ageMs, refusal }) {
  if (refusal !== null) return { state: "blocked", word: "BLOCKED", note: refusal };
  if (decision === null) return { state: "asking", word: "ASKING", note: "One moment." };
  if (ageMs > OLD_AFTER_MS) {
    const before = decision.allow === true ? "MAY START" : "BLOCKED";
    const note = `${before} was said at ${clockTime(decision.at)}. Do not rely on it.`;
    return { state: "old", word: "NOT CURRENT", note };
  }
  if (decision.allow === true)
    return { state: "allowed", word: "MAY START", note: warningWords(decision.warnings.length) };
  return { state: "blocked", word: "BLOCKED", note: plural(decision.reasons.length, "reason") };
}

const warningWords = (count) => (count === 0 ? "Everything is in order." : `With ${plural(count, "warning")}.`);

/** Changes only what is different, so that a screen reader speaks when there is something new. */
export function showVerdict({ state, word, note }, decision, ageMs) {
  const put = (id, text) => {
    const place = byId(id);
    if (place.textContent !== text) place.textContent = text;
  };
  byId("verdict").dataset.state = state;
  byId("verdict-shape").setAttribute("href", `#shape-${SHAPES[state]}`);
  put("verdict-word", word);
  put("verdict-note", note);
  const seconds = Math.floor(ageMs / 1_000);
  const time = state === "old" ? `That is ${seconds} s ago.` : `Checked at ${clockTime(decision?.at ?? "")}`;
  put("verdict-time", decision === null ? "" : time);
  document.title = `${word} · Station`;
}

/** Reasons, warnings and what to do. `open(form)` opens the form that a remedy asks for. */
export function showDecision(decision, station, open) {
  const details = decision?.details ?? [];
  const ofSeverity = (severity) => details.filter((detail) => detail.severity === severity);
  const item = (detail) => detailItem(detail, decision.conditions);
  const list = (title, items) => (items.length === 0 ? [] : [element("h2", {}, title), element("ul", {}, items)]);
  fill(byId("reasons"), list("Why it is blocked", ofSeverity("reason").map(item)));
  fill(byId("warnings"), list("Warnings: they do not block", ofSeverity("warning").map(item)));
  const remedies = decision?.getToGreen ?? [];
  const steps = remedies.map((remedy, index) => remedyItem(remedy, index + 1, station, open));
  fill(byId("to-do"), remedies.length === 0 ? [] : [element("h2", {}, "What to do"), element("ol", {}, steps)]);
}

function remedyItem({ text, who, removes }, number, station, open) {
  const form = formFor(removes, station);
  const button =
    form === null
      ? null
      : element(
          "button",
          { type: "button", class: "primary", "data-key": removes.join(" "), onclick: () => open(form) },
          form.label,
        );
  return element(
    "li",
    { class: "remedy" },
    element("span", { class: "number", "aria-hidden": "true" }, String(number)),
    element("div", { class: "remedy-text" }, element("p", {}, text), element("p", { class: "quiet" }, `By: ${who}`)),
    button,
  );
}

/** The sentence, the rule it comes from, and its author's why. */
function detailItem({ text, contract, condition, line, because, code }, conditions) {
  const clauses = conditions.filter((one) => one.contract === contract && one.name === condition);
  const clause = clauses.flatMap((one) => one.clauses).find((one) => one.line === line);
  const quiet = (words) => element("p", { class: "quiet" }, words);
  const where = contract === null ? code : `${contract}, ${condition}, line ${line}`;
  return element(
    "li",
    {},
    element("p", { class: "sentence" }, text),
    clause === undefined ? null : quiet(`Rule: ${clause.text}`),
    because === null ? null : quiet(`Because ${because}`),
    quiet(where),
  );
}
