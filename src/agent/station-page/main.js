import { askAgent, NoAnswer, refusalOf } from "./agent-calls.js";
import { byId, byPlantClock, dayAndTime, element, fill } from "./elements.js";
import { showForm } from "./form-dialog.js";
import { forms, RECORD_BUTTONS } from "./forms.js";
import { startSession } from "./session.js";
import { endForm, openTestPanel, showRunning } from "./test-panel.js";
import { REFRESH_MS, showDecision, showVerdict, verdictOf } from "./verdict.js";

/** How often the station itself is read again: contracts change seldom, and each record reads it too. */
const STATION_REFRESH_MS = 30_000;
const TICK_MS = 1_000;
const UNAUTHORIZED = 401;

/** What is on the screen. `decision` belongs to the test that is asked for now, or is null. */
let station = null;
let decision = null;
let refusal = null;
let answered = { wallMs: 0, evenMs: 0 };
let asked = 0;
let askedFor = "";
let shown = "";
let stationReadAt = 0;

const panel = openTestPanel({ changed: () => askIfAnother(), start: (request) => void startTest(request) });
const session = startSession({ open, opened, close: forget });

const ask = (method, path, body) => askAgent(session.token(), method, path, body);

/** Signs in: a token is good when the agent says whose it is. Answers null, or the sentence why not. */
async function open(token) {
  try {
    const answer = await askAgent(token, "GET", "/v1/station");
    if (answer.status !== 200) return whyNot(answer);
    takeIn(answer.body);
    return null;
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    return "The agent of this station does not answer, so every test is blocked. Is it running?";
  }
}

/** In words for whoever holds the badge; a node that knows nobody at all says so itself. */
function whyNot(answer) {
  const { message } = refusalOf(answer);
  if (answer.status !== UNAUTHORIZED) return sentenceOf(refusalOf(answer));
  return message === "no valid token" ? "This token is not known at this station." : `${message}.`;
}

/** A scanner's next line is the test's id. */
function opened() {
  askAnew();
  panel.focus();
}

const sentenceOf = ({ message, help }) => (help === null ? `${message}.` : `${message}. ${help}`);

function forget() {
  station = null;
  decision = null;
  refusal = null;
  asked += 1;
  shown = "";
  panel.clear();
  if (byId("dialog").open) byId("dialog").close();
  delete byId("caveats").dataset.said;
  byId("caveats").hidden = true;
  for (const id of ["caveats", "to-do", "reasons", "warnings", "running", "record", "latest", "said"])
    byId(id).replaceChildren();
  document.title = "Station";
}

/** The station as the agent described it. */
function takeIn(described) {
  station = described;
  stationReadAt = Date.now();
  const { station: place, node, you } = station;
  byId("station-name").textContent = place === null ? node : `${place.id} · ${place.type}`;
  byId("person").textContent = you.roles.length === 0 ? you.id : `${you.id} (${you.roles.join(", ")})`;
  byId("plant-time").textContent = dayAndTime(station.now);
  showCaveats();
  panel.show(station);
  showRunning(station.running, endTest);
  showRecordButtons();
  showLatest();
}

/** Leaving a field that nobody changed asks nothing. */
function askIfAnother() {
  if (JSON.stringify(panel.request()) !== askedFor) askAnew();
}

/** Another test, or new evidence: what was said before is not said of this. */
function askAnew() {
  decision = null;
  refusal = null;
  askedFor = JSON.stringify(panel.request());
  show();
  void preview();
}

/** Asks the gate without writing anything down. An answer that a later question overtook is not shown. */
async function preview() {
  if (session.token() === null) return;
  asked += 1;
  const number = asked;
  const answer = await answerOf("POST", "/v1/gate", { ...panel.request(), preview: true });
  if (number !== asked || session.token() === null) return;
  if (answer.status === UNAUTHORIZED) return session.signOut("Your token is no longer accepted.");
  if (answer.status === 200) {
    decision = { ...answer.body, at: byPlantClock(answer.body.at, station.now) };
    refusal = null;
    answered = { wallMs: Date.now(), evenMs: performance.now() };
    byId("plant-time").textContent = dayAndTime(decision.at);
  } else {
    decision = null;
    refusal = answer.status === 0 ? answer.sentence : sentenceOf(refusalOf(answer));
  }
  show();
}

/** Status 0 where there is no answer. */
async function answerOf(method, path, body) {
  try {
    return await ask(method, path, body);
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    return { status: 0, sentence: `${error.message}. Nothing may start. Call whoever keeps the maintenance system.` };
  }
}

/** The greater of two clocks' answers: one of them stands still while a machine sleeps, the other may be set back. */
const ageMs = () => Math.max(Date.now() - answered.wallMs, performance.now() - answered.evenMs);

function show() {
  if (station === null) return;
  const age = ageMs();
  showVerdict(verdictOf({ decision, ageMs: age, refusal }), decision, age);
  // The lists stay until the answer is there: a page that collapses moves away under the finger.
  if (decision === null && refusal === null) return;
  const { at: _, atUtc: __, ...lasting } = decision ?? {};
  const now = JSON.stringify([lasting, refusal]);
  if (now === shown) return;
  shown = now;
  showDecision(decision, station, openForm);
}

async function readStation() {
  const answer = await answerOf("GET", "/v1/station");
  if (answer.status === 200 && session.token() !== null) takeIn(answer.body);
}

/** What stands behind the contracts is no verdict: it stands above it, and stays while it is so. */
function showCaveats() {
  const list = byId("caveats");
  const now = JSON.stringify(station.caveats);
  // The same words again are not read out again.
  if (list.dataset.said === now) return;
  list.dataset.said = now;
  list.hidden = station.caveats.length === 0;
  const rows = station.caveats.map(({ kind, word, text }) =>
    element("li", { "data-kind": kind }, element("strong", { class: "badge" }, word), element("span", {}, text)),
  );
  list.replaceChildren(...rows);
}

function showRecordButtons() {
  const may = station.you.scopes.includes("record") && station.you.person;
  const buttons = RECORD_BUTTONS.filter(({ has }) => has(station)).map(({ form, text }) =>
    element(
      "button",
      { type: "button", "data-key": `record ${form}`, onclick: () => openForm({ form, given: {} }) },
      text,
    ),
  );
  const why = element("p", { class: "quiet" }, "This token may not record anything here.");
  fill(byId("record"), element("h2", {}, "Record"), may ? element("div", { class: "grid" }, buttons) : why);
}

function showLatest() {
  const rows = station.latest.map(({ quantity, value, unit, takenAt, takenWith, by }) => {
    const { limits } = station.quantities.find(({ name }) => name === quantity);
    return element(
      "li",
      {},
      element("p", { class: "sentence" }, `${quantity}: ${value} ${unit}`),
      element("p", { class: "quiet" }, [dayAndTime(takenAt), by, takenWith].filter((word) => word !== null).join(", ")),
      limits.length === 0 ? null : element("p", { class: "quiet" }, `Must be ${limits.join("; ")}`),
    );
  });
  fill(byId("latest"), rows.length === 0 ? [] : [element("h2", {}, "Latest readings"), element("ul", {}, rows)]);
}

/** Opens what a button asks for: a form to record something, or the choice of an order. */
function openForm({ form, given }) {
  if (form === "order") return panel.chooseOrder();
  const made = forms[form](station, given);
  showForm(made, {
    send: (body) => ask("POST", "/v1/evidence", body),
    choose: openForm,
    done: ({ id }, values) => {
      say([`Recorded as ${id}: ${made.said(values)}.`]);
      afterRecord();
    },
  });
}

function afterRecord() {
  askAnew();
  void readStation();
}

/** What was done last, for the eye and the screen reader; `buttons` lead to what it asks for. */
function say(sentences, buttons = []) {
  const texts = sentences.map((sentence) => element("p", {}, sentence));
  const notice = element("div", { class: "notice", tabindex: "-1" }, texts, buttons);
  byId("said").replaceChildren(notice);
  // What had the focus may be gone with its list; this is also what a small screen must show next.
  notice.focus();
}

async function startTest(request) {
  const button = byId("start-test");
  if (button.disabled) return;
  button.disabled = true;
  const answer = await answerOf("POST", "/v1/test/start", request);
  button.disabled = false;
  if (session.token() === null) return;
  if (answer.status === 200) sayStarted(answer.body, request.test);
  else if (answer.status === 0) say(["No answer: the test must not begin. Ask again."]);
  else say([`Not started. ${sentenceOf(refusalOf(answer))}`]);
  afterRecord();
}

function sayStarted({ running, ledgerSeq }, test) {
  const entry = ledgerSeq === null ? "It could not be written down." : `Ledger entry ${ledgerSeq}.`;
  if (running === null) say([`${test} may not start: it is blocked. ${entry}`]);
  else say([`${running.test} has started. ${entry}`]);
}

function endTest(test) {
  showForm(endForm(test), {
    send: (body) => ask("POST", "/v1/test/end", body),
    choose: openForm,
    done: (ended) => {
      const { closingChecks, result, ledgerSeq } = ended;
      const asks = closingChecks.length === 0 ? [] : ["Now check what was used:"];
      const buttons = closingChecks.map((asset) => {
        const check = { form: "check", given: { asset, when: "closing" } };
        return element(
          "button",
          { type: "button", class: "primary", onclick: () => openForm(check) },
          `Check ${asset}`,
        );
      });
      say([`${test} has ended: ${result}. Ledger entry ${ledgerSeq}.`, ...asks], buttons);
      afterRecord();
    },
  });
}

setInterval(() => void preview(), REFRESH_MS);
setInterval(() => {
  show();
  if (session.token() !== null && Date.now() - stationReadAt > STATION_REFRESH_MS) {
    stationReadAt = Date.now();
    void readStation();
  }
}, TICK_MS);
