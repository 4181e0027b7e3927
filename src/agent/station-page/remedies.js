/** Which form answers a reason, by the reason's family or its whole code. A reason that is not here has none. */
const forms = {
  ack: (step) => ({ form: "acknowledgement", given: { step }, label: "Acknowledge" }),
  calibration: (asset) => ({ form: "calibration", given: { asset }, label: "Record certificate" }),
  check: (asset) => ({ form: "check", given: { asset, when: "list" }, label: "Check it" }),
  "check.after-use-missing": (asset) => ({
    form: "check",
    given: { asset, when: "closing" },
    label: "Check after use",
  }),
  "check.after-use-failed": (asset) => ({ form: "check", given: { asset, when: "closing" }, label: "Check again" }),
  "check.before-use-failed": (asset) => ({ form: "check", given: { asset, when: "opening" }, label: "Check again" }),
  equipment: () => null,
  "equipment.locked-out": (asset) => service(asset, "unlocked"),
  "equipment.not-in-service": (asset) => service(asset, "returned"),
  "equipment.needs-reverification": (asset) => service(asset, "reverified"),
  event: (asset) => ({ form: "calibration", given: { asset }, label: "Record certificate" }),
  "event.unknown": (asset) => ({ form: "event", given: { asset }, label: "Record event" }),
  extension: (asset) => ({ form: "calibration", given: { asset }, label: "Record certificate" }),
  lot: (material) => ({ form: "lot", given: { material }, label: "Record lot" }),
  order: () => ({ form: "order", given: {}, label: "Choose order" }),
  reading: (quantity) => ({ form: "reading", given: { quantity }, label: "Record reading" }),
  reference: (asset) => ({ form: "calibration", given: { asset }, label: "Record certificate" }),
  settle: (quantity) => ({ form: "reading", given: { quantity }, label: "Record reading" }),
  usage: (asset, station) => counter(asset, station, false),
  "usage.exhausted": (asset, station) => counter(asset, station, true),
  warmup: (asset) => ({ form: "on-time", given: { asset, state: "on" }, label: "Switched on" }),
};

const service = (asset, state) => ({ form: "service", given: { asset, state }, label: "Record state" });

function counter(asset, station, atService) {
  const asks = station?.equipment.find((one) => one.asset === asset)?.asks ?? [];
  const counted = asks.filter((word) => word === "hours" || word === "cycles");
  const given = {
    asset,
    ...(counted.length === 1 ? { counter: counted[0] } : {}),
    ...(atService ? { atService } : {}),
  };
  return { form: "counter", given, label: "Record counter" };
}

const known = (name) => (Object.hasOwn(forms, name) ? forms[name] : undefined);

/**
 * The form for a remedy, by the first reason it removes that has one; null where only somebody elsewhere can help.
 * Reasons are written `code:subject`, and a subject may hold a colon itself.
 */
export function formFor(removes, station) {
  for (const reason of removes) {
    const at = reason.indexOf(":");
    const [code, subject] = [reason.slice(0, at), reason.slice(at + 1)];
    const make = known(code) ?? known(code.split(".")[0]);
    const form = make?.(subject, station) ?? null;
    if (form !== null) return form;
  }
  return null;
}
