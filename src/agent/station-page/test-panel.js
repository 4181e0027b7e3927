import { byId, clockTime, element, fill } from "./elements.js";
import { choiceField, decimalField, selectField, textField } from "./fields.js";

/** A scanner types a whole id in less. */
const TYPING_PAUSE_MS = 400;

const RESULTS = [
  { value: "passed", text: "Passed", mark: "pass" },
  { value: "failed", text: "Failed", mark: "fail" },
  { value: "aborted", text: "Aborted" },
];

/**
 * Which test is asked for, and its start. `changed()` is called when it is another test than before, `start(request)` when the
 * operator starts it.
 */
export function openTestPanel({ changed, start }) {
  let shape = "";
  let fields = [];
  const values = () => Object.fromEntries(fields.map(({ name, read }) => [name, read()]));
  /** The body of POST /v1/gate, without what was left open. */
  const request = () => {
    const { hours, cycles, ...rest } = values();
    const planned = Object.entries({ hours, cycles }).filter(([, value]) => value !== undefined);
    const said = Object.entries(rest).filter(([, value]) => value !== undefined);
    return { ...Object.fromEntries(said), ...(planned.length > 0 ? { planned: Object.fromEntries(planned) } : {}) };
  };
  const startNow = (event) => {
    event.preventDefault();
    const test = fields.find(({ name }) => name === "test");
    const missing = test.read() === undefined;
    test.show(missing ? "Scan or type the id of the test." : null);
    if (missing) test.focus();
    else start(request());
  };
  return {
    request,
    /** Draws the fields anew where the station asks for others, and keeps what was typed. */
    show: (station) => {
      const { kinds, orders, planned } = station;
      const now = JSON.stringify([kinds, orders, planned]);
      if (now === shape) return;
      const before = shape === "" ? {} : values();
      shape = now;
      fields = fieldsFor(station, before);
      byId("test").replaceChildren(testForm(fields, { startNow, changed }));
    },
    clear: () => {
      shape = "";
      fields = [];
      byId("test").replaceChildren();
    },
    focus: () => fields[0]?.focus(),
    chooseOrder: () => fields.find(({ name }) => name === "order")?.focus(),
  };
}

function fieldsFor({ kinds, orders, planned, station }, before) {
  const entries = (words) => words.map((word) => ({ value: word, text: word }));
  const optional = { required: false };
  const test = textField({ name: "test", label: "Test id (scan it)", value: before.test ?? "" });
  const kind = { name: "kind", label: "Kind of test", entries: entries(kinds), value: before.kind ?? "" };
  const order = {
    name: "order",
    label: "Order",
    entries: entries(orders.map(({ id }) => id)),
    value: before.order ?? "",
  };
  return [
    test,
    ...(kinds.length > 0 ? [selectField({ ...optional, ...kind, none: "Any: every condition" })] : []),
    ...(orders.length > 0 || station?.orderRequired === true
      ? [selectField({ ...optional, ...order, none: "No order" })]
      : []),
    ...planned.map((name) => decimalField({ name, label: `Planned ${name} of this test`, value: before[name] ?? "" })),
  ];
}

function testForm(fields, { startNow, changed }) {
  const form = element(
    "form",
    { class: "test-form", autocomplete: "off", novalidate: true, onsubmit: startNow, onchange: changed },
    fields.map(({ node }) => node),
    element("button", { id: "start-test", type: "submit", class: "primary large" }, "Start the test"),
    element("p", { class: "quiet" }, "Starting asks the gate, and its answer is written down."),
  );
  // A scanner ends with Enter: that names the test and does not start it.
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.target.tagName !== "INPUT") return;
    event.preventDefault();
    event.target.select();
    changed();
  });
  // What is typed by hand is another test as well, before the field is left.
  let pause;
  form.addEventListener("input", () => {
    clearTimeout(pause);
    pause = setTimeout(changed, TYPING_PAUSE_MS);
  });
  // What is scanned next replaces what stands there.
  form.addEventListener("focusin", ({ target }) => {
    if (target.tagName === "INPUT") target.select();
  });
  return form;
}

/** Tests that run here, each with its end. */
export function showRunning(running, end) {
  const items = running.map(({ test, startedAt, kind }) =>
    element(
      "li",
      { class: "remedy" },
      element(
        "div",
        { class: "remedy-text" },
        element("p", {}, `${test} runs since ${clockTime(startedAt)}`),
        kind === null ? null : element("p", { class: "quiet" }, kind),
      ),
      element("button", { type: "button", "data-key": `end ${test}`, onclick: () => end(test) }, "End the test"),
    ),
  );
  fill(byId("running"), items.length === 0 ? [] : [element("h2", {}, "Running"), element("ul", {}, items)]);
}

export const endForm = (test) => ({
  title: `End of test ${test}`,
  fields: [choiceField({ name: "result", label: "How did it end?", entries: RESULTS })],
  send: "End the test",
  body: ({ result }) => ({ test, result }),
});
