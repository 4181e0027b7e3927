import { element, freshId } from "./elements.js";

/**
 * A field of a form: `read()` answers its value or undefined where nothing was given, `fault()` the sentence why it cannot be
 * sent, `show(error)` puts the agent's words beside it. `node` is what stands in the form.
 */
function field({ name, label, hint, control, read, fault, group = false }) {
  const [hintId, errorId] = [freshId("hint"), freshId("error")];
  const error = element("p", { id: errorId, class: "error", role: "alert", hidden: true });
  const hintLine = hint === undefined ? null : element("p", { id: hintId, class: "quiet" }, hint);
  const focusable = group ? control.querySelector("input") : control;
  const described = [hintLine === null ? null : hintId, errorId].filter((id) => id !== null).join(" ");
  focusable.setAttribute("aria-describedby", described);
  const node = group
    ? element("fieldset", { class: "field" }, element("legend", {}, label), hintLine, control, error)
    : element("div", { class: "field" }, element("label", { for: control.id }, label), hintLine, control, error);
  return {
    ...{ name, label, node, read, group, fault: () => fault?.() ?? null },
    focus: () => focusable.focus(),
    show: (words) => {
      error.textContent = words ?? "";
      error.hidden = words === null;
      focusable.setAttribute("aria-invalid", words === null ? "false" : "true");
    },
  };
}

const given = (text) => (text.trim() === "" ? undefined : text.trim());

function typed(options, attributes) {
  const { name, value = "", required = false } = options;
  const control = element("input", {
    ...{ id: freshId(name), type: "text", value, autocomplete: "off", autocapitalize: "none", spellcheck: "false" },
    ...attributes,
  });
  const read = () => given(control.value);
  const fault = () => (required && read() === undefined ? "Fill this in." : null);
  return { ...options, control, read, fault };
}

/** One line of text, as it is written on a label or typed by a scanner. */
export const textField = (options) => field(typed(options, {}));

/** A decimal number, sent as it was written: no reader takes it through a rounded one. */
export const decimalField = (options) => field(typed(options, { inputmode: "decimal", class: "number-entry" }));

/** `2026-11-24`. Eight digits get their dashes, so that a number pad is enough. */
export function dateField(options) {
  const { today, month = false } = options;
  const parts = typed(options, { inputmode: "numeric", placeholder: "YYYY-MM-DD", maxlength: "10" });
  const { control } = parts;
  const dashed = () => {
    control.value = control.value.trim().replace(/^(\d{4})(\d{2})(\d{2})$/, "$1-$2-$3");
  };
  control.addEventListener("change", dashed);
  const made = field({
    ...parts,
    hint: month ? "Year-month-day, or year-month as on the label" : "Year-month-day",
    read: () => {
      dashed();
      return given(control.value);
    },
  });
  if (today === undefined) return made;
  const setToday = () => {
    control.value = today;
  };
  const row = element("div", { class: "with-button" });
  control.replaceWith(row);
  row.append(control, element("button", { type: "button", onclick: setToday }, "Today"));
  return made;
}

/** A list to choose from; of one entry that one, of several none is chosen beforehand unless `value` says so. */
export function selectField(options) {
  const { name, entries, value, required = true, none = "Choose…" } = options;
  const chosen = value ?? (required && entries.length === 1 ? entries[0].value : "");
  const control = element(
    "select",
    { id: freshId(name) },
    required && chosen !== "" ? null : element("option", { value: "" }, none),
    entries.map((entry) => element("option", { value: entry.value, selected: entry.value === chosen }, entry.text)),
  );
  const read = () => given(control.value);
  const fault = () => (required && read() === undefined ? "Choose one." : null);
  return {
    ...field({ ...options, control, read, fault }),
    onChange: (then) => control.addEventListener("change", then),
  };
}

/** A few words as large buttons of which one holds. None holds beforehand unless `value` says so. */
export function choiceField(options) {
  const { name, entries, value, required = true } = options;
  const group = freshId(name);
  const chosen = value ?? (required && entries.length === 1 ? entries[0].value : undefined);
  const inputs = entries.map((entry) =>
    element("input", { type: "radio", name: group, value: entry.value, checked: entry.value === chosen }),
  );
  const tiles = entries.map((entry, index) =>
    element("label", { class: `tile ${entry.mark ?? ""}` }, inputs[index], element("span", {}, entry.text)),
  );
  const read = () => inputs.find(({ checked }) => checked)?.value;
  const fault = () => (required && read() === undefined ? "Choose one." : null);
  const control = element("div", { class: options.wide === true ? "tiles wide" : "tiles" }, tiles);
  return {
    ...field({ ...options, control, read, fault, group: true }),
    onChange: (then) => control.addEventListener("change", then),
  };
}

const MOST_TILES = 4;

/** One of some names: large buttons while they are few, a list from then on. */
export const pickField = (options) =>
  options.entries.length <= MOST_TILES && options.required !== false
    ? choiceField({ ...options, wide: true })
    : selectField(options);

export const PASS_OR_FAIL = [
  { value: "pass", text: "Pass", mark: "pass" },
  { value: "fail", text: "Fail", mark: "fail" },
];
