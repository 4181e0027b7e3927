import { NoAnswer, refusalOf } from "./agent-calls.js";
import { byId, element } from "./elements.js";

/**
 * Shows one form in the page's dialog. `form` is what forms.js makes; `send(body)` asks the agent; `done(answer, values)` hears
 * of what was taken. A form with `choices` is a question that leads to another form, through `choose(choice)`.
 */
export function showForm(form, { send, done, choose }) {
  const dialog = byId("dialog");
  const close = () => dialog.close();
  const head = element(
    "header",
    { class: "dialog-head" },
    element("h2", { id: "dialog-title", tabindex: "-1" }, form.title),
    element("button", { type: "button", onclick: close }, "Cancel"),
  );
  const body = form.choices === undefined ? entryForm(form, { send, done, close }) : choiceList(form, choose);
  dialog.replaceChildren(head, body);
  if (!dialog.open) dialog.showModal();
  dialog.scrollTop = 0;
  const open = form.fields?.find(({ read }) => read() === undefined);
  // The focus on an answer would look like the answer.
  if (open?.group === true) head.querySelector("h2").focus();
  else if (open === undefined) (body.querySelector("button") ?? head.querySelector("button")).focus();
  else open.focus();
}

function choiceList({ choices, empty = "Nothing here asks for it." }, choose) {
  if (choices.length === 0) return element("p", { class: "choices" }, empty);
  const buttons = choices.map((choice) =>
    element("button", { type: "button", onclick: () => choose(choice) }, choice.text),
  );
  return element("div", { class: "choices" }, buttons);
}

function entryForm(form, { send, done, close }) {
  const { notes = [], fields, send: word = "Record" } = form;
  const problem = element("div", { class: "error", role: "alert", hidden: true });
  const button = element("button", { type: "submit", class: "primary" }, word);
  const submit = async (event) => {
    event.preventDefault();
    // One press, one record: a glove presses twice.
    if (button.disabled) return;
    const values = valuesOf(fields, problem);
    if (values === null) return;
    button.disabled = true;
    try {
      const answer = await send(form.body(values));
      if (answer.status === 200) {
        close();
        done(answer.body, values);
      } else showRefusal(refusalOf(answer), fields, problem);
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error;
      const help = "It may or may not be recorded: look at the station again before you record it twice.";
      showRefusal({ message: error.message, help }, [], problem);
    } finally {
      button.disabled = false;
    }
  };
  return element(
    "form",
    { autocomplete: "off", novalidate: true, onsubmit: submit },
    notes.map((note) => element("p", { class: "form-note" }, note)),
    fields.map(({ node }) => node),
    problem,
    element("div", { class: "dialog-foot" }, button),
  );
}

/** What was given, without what was left empty; null where something is missing, and then the form says what. */
function valuesOf(fields, problem) {
  problem.hidden = true;
  const faults = fields.map((one) => ({ one, fault: one.fault() }));
  for (const { one, fault } of faults) one.show(fault);
  const first = faults.find(({ fault }) => fault !== null);
  if (first !== undefined) pointAt(first.one);
  if (first !== undefined) return null;
  const values = fields.map(({ name, read }) => [name, read()]);
  return Object.fromEntries(values.filter(([, value]) => value !== undefined));
}

/** The field and what is said of it, both in sight. */
function pointAt({ focus, node }) {
  focus();
  node.scrollIntoView({ block: "center" });
}

/** The agent's words beside the field they name, in the field's own words; those that name none stand above the button. */
function showRefusal({ message, help }, fields, problem) {
  const named = fields.find(({ name }) => message.includes(`"${name}"`) || message.startsWith(`unknown ${name} `));
  const sentence = named === undefined ? message : message.replace(`"${named.name}"`, `“${named.label}”`);
  const words = help === null ? `${sentence}.` : `${sentence}. ${help}`;
  if (named !== undefined) {
    named.show(words);
    pointAt(named);
    return;
  }
  problem.replaceChildren(element("p", {}, words));
  problem.hidden = false;
  problem.scrollIntoView({ block: "nearest" });
}
