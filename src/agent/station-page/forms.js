import { dayAndTime } from "./elements.js";
import { choiceField, dateField, decimalField, PASS_OR_FAIL, pickField, selectField, textField } from "./fields.js";

/**
 * What can be recorded here. Each makes, from the station and what is given beforehand, a form: its title, its fields, the
 * body it sends to POST /v1/evidence, and what to say when it is recorded.
 */
export const forms = {
  reading,
  acknowledgement,
  check,
  calibration,
  lot,
  counter,
  "on-time": onTime,
  event,
  service,
};

/** What the record buttons say; one whose subject no contract and no register names is left out. */
export const RECORD_BUTTONS = [
  { form: "reading", text: "Reading", has: ({ quantities }) => quantities.length > 0 },
  { form: "acknowledgement", text: "Acknowledge", has: ({ steps }) => steps.length > 0 },
  { form: "check", text: "Check", has: ({ equipment }) => equipment.length > 0 },
  { form: "calibration", text: "Calibration", has: ({ equipment }) => equipment.length > 0 },
  { form: "lot", text: "Lot", has: ({ materials }) => materials.length > 0 },
  { form: "counter", text: "Counter", has: ({ equipment }) => equipment.length > 0 },
  { form: "on-time", text: "On or off", has: ({ equipment }) => equipment.length > 0 },
  { form: "event", text: "Event", has: ({ equipment }) => equipment.length > 0 },
  { form: "service", text: "Service", has: ({ equipment }) => equipment.length > 0 },
];

const entriesOf = (words) => words.map((word) => ({ value: word, text: word }));
const today = ({ now }) => now.slice(0, 10);

/** Equipment by id and what contracts call it; first those that a contract asks this of. */
function assetField({ equipment }, { asset }, asks = () => true) {
  const sorted = [...equipment].sort((a, b) => Number(asks(b)) - Number(asks(a)));
  const entries = sorted.map((one) => ({
    value: one.asset,
    text: one.roles.length === 0 ? one.asset : `${one.asset} (${one.roles.join(", ")})`,
  }));
  const known = entries.some(({ value }) => value === asset) || asset === undefined;
  const all = known ? entries : [...entries, { value: asset, text: asset }];
  return pickField({ name: "asset", label: "Equipment", entries: all, value: asset });
}

function reading(station, given) {
  const asked = station.quantities.find(({ name }) => name === given.quantity);
  // Without a quantity the form has no unit to offer: the first question is which one.
  if (asked === undefined && station.quantities.length !== 1) {
    // A computed quantity is read in its two parts.
    const parts = station.computed.find(({ name }) => name === given.quantity)?.from;
    const names = parts ?? station.quantities.map(({ name }) => name);
    return {
      title: "Which reading?",
      choices: names.map((name) => ({ text: name, form: "reading", given: { quantity: name } })),
    };
  }
  const quantity = asked ?? station.quantities[0];
  const { name, unit, units, limits, instruments, settles } = quantity;
  const before = station.latest.find((one) => one.quantity === name);
  const assets = instruments.length > 0 ? instruments : station.equipment.map(({ asset }) => asset);
  return {
    title: `Reading of ${name}`,
    notes: [
      ...limits.map((limit) => `It must be ${limit}.`),
      ...(before === undefined
        ? []
        : [`Last: ${before.value} ${before.unit}, ${dayAndTime(before.takenAt)}, by ${before.by}.`]),
    ],
    fields: [
      decimalField({ name: "value", label: "Value", required: true }),
      selectField({ name: "unit", label: "Unit", entries: entriesOf(units), value: unit }),
      pickField({
        ...{ name: "takenWith", label: "Read with", entries: entriesOf(assets), none: "Not said" },
        ...(instruments.length === 1 ? { value: instruments[0] } : {}),
        required: instruments.length > 0,
      }),
      ...(settles ? [decimalField({ name: "settledMinutes", label: "Settled for, in minutes" })] : []),
    ],
    body: (values) => ({ kind: "reading", quantity: name, ...values }),
    said: ({ value, unit: inUnit }) => `${name} ${value} ${inUnit}`,
  };
}

function acknowledgement(station, { step }) {
  const asked = station.steps.find((one) => one.step === step);
  if (asked === undefined && station.steps.length !== 1)
    return {
      title: "What do you acknowledge?",
      choices: station.steps.map((one) => ({ text: one.step, form: "acknowledgement", given: { step: one.step } })),
    };
  const { step: said, who } = asked ?? station.steps[0];
  const todays = station.acknowledged.filter((one) => one.step === said);
  return {
    title: `“${said}”`,
    notes: [
      `Asked of: ${who}. You are ${station.you.id}.`,
      ...todays.slice(0, 3).map(({ by, at }) => `${by} said so today at ${at.slice(11, 16)}.`),
    ],
    fields: [],
    send: "I acknowledge it",
    body: () => ({ kind: "acknowledgement", step: said }),
    said: () => `“${said}” acknowledged`,
  };
}

const CHECKS = [
  { value: "opening", text: "Before use" },
  { value: "closing", text: "After use" },
];

/** A list of the contract, item by item, else the one question of a check before or after use. */
function check(station, given) {
  const { asset, when, list } = given;
  const lists = station.checkLists.filter((one) => asset === undefined || one.asset === asset);
  const use = when === "list" ? [] : station.useChecks.filter((one) => asset === undefined || one === asset);
  if (asset === undefined || (when === "list" && list === undefined && lists.length > 1))
    return {
      title: "Which check?",
      choices: [
        ...lists.map((one) => ({
          text: `${one.asset}: ${one.condition}`,
          form: "check",
          given: { asset: one.asset, when: "list", list: one.condition },
        })),
        ...use.flatMap((one) =>
          CHECKS.map(({ value, text }) => ({
            ...{ text: `${one}: ${text.toLowerCase()}`, form: "check" },
            given: { asset: one, when: value },
          })),
        ),
      ],
      empty: "No contract in force here asks for a check.",
    };
  const chosen = lists.find(({ condition }) => list === undefined || condition === list);
  return when === "list" && chosen !== undefined ? checkList(chosen) : useCheck(asset, when);
}

function checkList({ asset, condition, items }) {
  const passed = (values) => items.every((_, index) => values[`item${index}`] === "pass");
  return {
    title: `Check of ${asset}`,
    notes: [`List: ${condition}. Every line needs an answer.`],
    fields: items.map((item, index) => choiceField({ name: `item${index}`, label: item, entries: PASS_OR_FAIL })),
    body: (values) => ({
      ...{ kind: "check", asset, when: "list", result: passed(values) ? "pass" : "fail" },
      items: Object.fromEntries(items.map((item, index) => [item, values[`item${index}`] === "pass"])),
    }),
    said: (values) => `check of ${asset}: ${passed(values) ? "pass" : "fail"}`,
  };
}

function useCheck(asset, when) {
  const words = when === "closing" ? "after use" : "before use";
  return {
    title: `Check of ${asset} ${words}`,
    fields: [choiceField({ name: "result", label: `${asset} ${words}`, entries: PASS_OR_FAIL })],
    body: ({ result }) => ({ kind: "check", asset, when: when === "closing" ? "closing" : "opening", result }),
    said: ({ result }) => `check of ${asset} ${words}: ${result}`,
  };
}

const CALIBRATION_RESULTS = [
  { value: "pass", text: "Pass", mark: "pass" },
  { value: "pass-with-correction", text: "Pass with correction", mark: "pass" },
  { value: "fail", text: "Fail", mark: "fail" },
];
const TOLERANCE = [
  { value: "in-tolerance", text: "In tolerance", mark: "pass" },
  { value: "out-of-tolerance", text: "Out of tolerance", mark: "fail" },
];

function calibration(station, given) {
  const { asset } = given;
  const serial = station.equipment.find((one) => one.asset === asset)?.serial ?? null;
  return {
    title: "Calibration certificate",
    notes: serial === null ? [] : [`The register has ${asset} with serial number ${serial}.`],
    fields: [
      assetField(station, given, ({ asks }) => asks.includes("calibration")),
      textField({ name: "certificate", label: "Certificate number", required: true }),
      dateField({ name: "performedOn", label: "Calibrated on", required: true, today: today(station) }),
      dateField({ name: "dueOn", label: "Due on, if the certificate says so" }),
      choiceField({ name: "result", label: "Result", entries: CALIBRATION_RESULTS }),
      textField({ name: "assetSerial", label: "Serial number on the certificate" }),
      choiceField({ name: "asFound", label: "As found, if it says so", entries: TOLERANCE, required: false }),
      choiceField({ name: "asLeft", label: "As left, if it says so", entries: TOLERANCE, required: false }),
    ],
    body: (values) => ({ kind: "calibration", ...values }),
    said: (values) => `calibration of ${values.asset}: ${values.result}`,
  };
}

function lot({ materials, now }, { material }) {
  return {
    title: "Lot in use",
    fields: [
      pickField({ name: "material", label: "Material", entries: entriesOf(materials), value: material }),
      textField({ name: "lot", label: "Lot number", required: true }),
      dateField({ name: "expires", label: "Good until", month: true }),
      dateField({ name: "openedOn", label: "Opened on", today: today({ now }) }),
    ],
    body: (values) => ({ kind: "lot", ...values }),
    said: (values) => `${values.material}, lot ${values.lot}`,
  };
}

function counter(station, given) {
  return {
    title: "Counter",
    fields: [
      assetField(station, given, ({ asks }) => asks.includes("hours") || asks.includes("cycles")),
      choiceField({
        ...{ name: "counter", label: "It counts", value: given.counter },
        entries: [
          { value: "hours", text: "Hours" },
          { value: "cycles", text: "Cycles" },
        ],
      }),
      decimalField({ name: "value", label: "It shows", required: true }),
      choiceField({
        ...{ name: "atService", label: "Serviced at this count?", value: given.atService === true ? "yes" : undefined },
        entries: [
          { value: "no", text: "No, only read" },
          { value: "yes", text: "Yes, serviced" },
        ],
      }),
    ],
    body: ({ atService, ...values }) => ({ kind: "counter", ...values, atService: atService === "yes" }),
    said: (values) => `${values.asset} at ${values.value} ${values.counter}`,
  };
}

function onTime(station, given) {
  return {
    title: "Switched on or off",
    fields: [
      assetField(station, given, ({ asks }) => asks.includes("warm-up")),
      choiceField({
        ...{ name: "state", label: "It is", value: given.state },
        entries: [
          { value: "on", text: "On" },
          { value: "off", text: "Off" },
        ],
      }),
      decimalField({
        name: "forMinutes",
        label: "On for how many minutes already",
        hint: "Empty: it was just switched on",
      }),
    ],
    body: (values) => ({ kind: "on-time", ...values }),
    said: (values) => `${values.asset} is ${values.state}`,
  };
}

function event(station, given) {
  const words = [...new Set(station.equipment.flatMap(({ events }) => events))];
  return {
    title: "Something happened",
    notes: ["An event such as a drop counts against the equipment until it is calibrated again."],
    fields: [
      assetField(station, given, ({ events }) => events.length > 0),
      words.length === 0
        ? textField({ name: "event", label: "What happened, in one word", required: true, hint: "Such as dropped" })
        : choiceField({ name: "event", label: "What happened", entries: entriesOf(words) }),
    ],
    body: (values) => ({ kind: "event", ...values }),
    said: (values) => `${values.asset}: ${values.event}`,
  };
}

const SERVICE_STATES = [
  { value: "locked", text: "Locked out" },
  { value: "unlocked", text: "Lock taken off" },
  { value: "out-of-service", text: "Out of service" },
  { value: "returned", text: "Returned to service" },
  { value: "reverified", text: "Verified after return" },
];

function service(station, given) {
  return {
    title: "Service state",
    fields: [
      assetField(station, given, ({ asks }) => asks.includes("service-state")),
      choiceField({ name: "state", label: "It is now", entries: SERVICE_STATES, value: given.state }),
    ],
    body: (values) => ({ kind: "service", ...values }),
    said: (values) =>
      `${values.asset}: ${SERVICE_STATES.find(({ value }) => value === values.state)?.text.toLowerCase()}`,
  };
}
