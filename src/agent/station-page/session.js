import { byId } from "./elements.js";

/** Without a touch for this long somebody else may stand here. */
const IDLE_SIGN_OUT_MS = 10 * 60_000;
const IDLE_WARNING_MS = 60_000;
const TICK_MS = 1_000;
const TOKEN = /^[\x21-\x7e]{1,200}$/;
const MAX_FILE_BYTES = 4_096;

/**
 * Who is signed in. The token lies in this closure and nowhere else: no storage, no cookie, no address.
 * `open(token)` answers null, or the sentence why not; then `opened()` is called; `close()` clears the station from the screen.
 */
export function startSession({ open, opened, close }) {
  let token = null;
  let touchedAt = Date.now();
  const field = byId("token");
  const note = (text) => {
    const place = byId("sign-in-note");
    place.textContent = text ?? "";
    place.hidden = text === null;
  };
  const show = (signedIn) => {
    byId("sign-in").hidden = signedIn;
    byId("station").hidden = !signedIn;
  };
  const signOut = (why = null) => {
    token = null;
    close();
    show(false);
    byId("idle-note").hidden = true;
    field.value = "";
    note(why);
    field.focus();
  };
  const signIn = async (text) => {
    const given = text.trim();
    field.value = "";
    if (!TOKEN.test(given)) return note(given === "" ? "Scan or type your token first." : "This is no token.");
    note(null);
    const refused = await open(given);
    if (refused !== null) {
      note(refused);
      return field.focus();
    }
    token = given;
    touchedAt = Date.now();
    show(true);
    opened();
  };
  listen({ signIn, signOut, note });
  for (const touch of ["pointerdown", "keydown", "input"])
    document.addEventListener(touch, () => {
      touchedAt = Date.now();
    });
  // A browser may keep a page it left, to show it again at "back": nobody's token may lie in it.
  window.addEventListener("pagehide", () => signOut());
  setInterval(() => watchIdle({ signedIn: token !== null, touchedAt, signOut }), TICK_MS);
  show(false);
  field.focus();
  return { token: () => token, signOut };
}

function listen({ signIn, signOut, note }) {
  byId("sign-in-form").addEventListener("submit", (event) => {
    event.preventDefault();
    void signIn(byId("token").value);
  });
  byId("token-file").addEventListener("change", async ({ target }) => {
    const [file] = target.files;
    if (file === undefined) return;
    const text = file.size <= MAX_FILE_BYTES ? await file.text() : null;
    target.value = "";
    if (text === null) note("This file is no token file: it is too large.");
    else await signIn(text);
  });
  byId("sign-out").addEventListener("click", () => signOut());
}

function watchIdle({ signedIn, touchedAt, signOut }) {
  if (!signedIn) return;
  const leftMs = IDLE_SIGN_OUT_MS - (Date.now() - touchedAt);
  const note = byId("idle-note");
  note.hidden = leftMs > IDLE_WARNING_MS;
  if (leftMs <= 0) signOut("You were signed out: nobody touched the page for ten minutes.");
  // One announcement, not one a second.
  else if (!note.hidden && note.textContent === "")
    note.textContent = "Nobody here? You are signed out within a minute.";
  if (note.hidden) note.textContent = "";
}
