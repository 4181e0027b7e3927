/**
 * Makes an element. Texts become text nodes, never markup: what a contract or an agent says is data. An attribute that is a
 * function listens (`onclick`); one that is false, null or undefined is left out; true stands alone.
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(name.slice(2), value);
    else if (value !== undefined && value !== null && value !== false)
      made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return made;
}

/** An element that the page's own HTML has. @throws Error where it has none, which is a mistake of ours */
export function byId(id) {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no element ${id}`);
  return found;
}

let lastId = 0;

/** A fresh id, so that labels and errors can name their field. */
export const freshId = (word) => {
  lastId += 1;
  return `${word}-${lastId}`;
};

/** Shows children in a section, or hides it where there are none. Whoever had the focus keeps it by its `data-key`. */
export function fill(section, ...children) {
  const focused = section.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
  const shown = children.flat().filter((child) => child !== null && child !== undefined);
  section.hidden = shown.length === 0;
  section.replaceChildren(...shown);
  if (focused === undefined) return;
  [...section.querySelectorAll("[data-key]")].find(({ dataset }) => dataset.key === focused)?.focus();
}

/** `2026-11-24T09:00:12.345-06:00` as `09:00:12`: plant time already, so no zone of this machine comes in. */
export const clockTime = (instant) => instant.slice(11, 19);

/**
 * An instant in UTC by the plant's clock, as `like` has its offset: a gate that never reached the plant's calendar answers in
 * UTC, and the screen must not jump by hours. Any other instant stays as it is.
 */
export function byPlantClock(instant, like) {
  const [, sign, hours, minutes] = /([+-])(\d\d):(\d\d)$/.exec(like) ?? [];
  if (!instant.endsWith("Z") || sign === undefined) return instant;
  const eastMs = (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000;
  const local = new Date(Date.parse(instant) + eastMs).toISOString().slice(0, -1);
  return `${local}${sign}${hours}:${minutes}`;
}

/** `2026-11-24 09:00` */
export const dayAndTime = (instant) => `${instant.slice(0, 10)} ${instant.slice(11, 16)}`;
