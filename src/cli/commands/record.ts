import { Command, Option } from "commander";
import { type AgentOptions, agentToken, agentUrl, askAgent } from "../agent-client.ts";
import { listCommand } from "../record-list.ts";

type Values = AgentOptions & { readonly [name: string]: string | boolean | readonly string[] | undefined };

/** `maint record`: evidence at a node, by the person whose token file is named. The agent checks every name and unit. */
export function command(): Command {
  const record = new Command("record").description("record evidence at a node, by the person whose token is given");
  reading(record);
  calibration(record);
  statements(record);
  condition(record);
  supplies(record);
  grants(record);
  certificates(record);
  listCommand(record);
  return record.addHelpText(
    "after",
    "\nExample:\n  maint record reading --node LP-01 --quantity uv-intensity --value 1500 --unit uW/cm2 --with light-meter --token keys/STF-1.token",
  );
}

/** One kind of evidence: the options every kind has, an example, and the body made of the rest. */
function kind(
  record: Command,
  name: string,
  summary: string,
  example: string,
  body: (values: Values) => object,
): Command {
  return record
    .command(name)
    .description(summary)
    .requiredOption("--node <id>", "the node whose agent keeps it")
    .option("--taken-at <instant>", "when it was so, with offset, 2026-11-24T06:20:00-06:00 (else now)")
    .option("--corrects <id>", "id of the record this one corrects")
    .option("--token <file>", "token file of the person (else MAINT_TOKEN_FILE)")
    .option("--node-url <url>", "the agent's address (else the one of the data folder)")
    .option("--data <dir>", "data folder (else MAINT_DATA, else ./maint-data)")
    .option("--json", "print JSON")
    .addHelpText("after", `\nExample:\n  maint record ${name} --node LP-01 ${example} --token keys/STF-1.token`)
    .action((values: Values) =>
      send(values, { ...body(values), takenAt: values["takenAt"], supersedes: values["corrects"] }),
    );
}

function reading(record: Command): void {
  kind(
    record,
    "reading",
    "record what an instrument showed",
    "--quantity uv-intensity --value 1500 --unit uW/cm2 --with light-meter",
    (values) => ({
      kind: "reading",
      quantity: values["quantity"],
      value: values["value"],
      unit: values["unit"],
      takenWith: values["with"],
      settledMinutes: values["settled"],
    }),
  )
    .requiredOption("--quantity <name>", "the quantity as the contract names it")
    .requiredOption("--value <decimal>", "exact decimal, kept as it is written")
    .requiredOption("--unit <unit>", "unit of the value")
    .option("--with <asset>", "instrument it was read with: its role or asset id")
    .option("--settled <minutes>", "how long it had settled");
}

function calibration(record: Command): void {
  kind(
    record,
    "calibration",
    "record a calibration from its certificate",
    "--asset light-meter --performed-on 2026-06-01 --result pass --certificate C-123",
    (values) => ({
      kind: "calibration",
      asset: values["asset"],
      performedOn: values["performedOn"],
      dueOn: values["dueOn"],
      result: values["result"],
      certificate: values["certificate"],
      assetSerial: values["serial"],
      asFound: values["asFound"],
      asLeft: values["asLeft"],
      asFoundShare: values["asFoundShare"],
      asLeftShare: values["asLeftShare"],
      ranges: rangesOf(values["range"]),
      references: values["references"],
      national: values["national"],
    }),
  )
    .requiredOption("--asset <name>", "role or asset id")
    .requiredOption("--performed-on <date>", "plant date on the certificate")
    .addOption(new Option("--result <result>").choices(["pass", "fail", "pass-with-correction"]).makeOptionMandatory())
    .option("--due-on <date>", "due date on the certificate")
    .option("--certificate <number>", "certificate number")
    .option("--serial <serial>", "serial number on the certificate")
    .option("--as-found <result>", "as found: in-tolerance, out-of-tolerance")
    .option("--as-left <result>", "as left: in-tolerance, out-of-tolerance")
    .option("--as-found-share <decimal>", "largest error found, as a share of the tolerance, signed: 0.4, -1.2")
    .option("--as-left-share <decimal>", "the same as it was left")
    .option("--range <low,high,unit...>", "calibrated ranges, such as 0,20000,uW/cm2")
    .option("--references <names...>", "reference standards it was calibrated with")
    .option("--national", "it is a national standard");
}

/** `0,20000,uW/cm2` as `["0", "20000", "uW/cm2"]`; the agent says what is wrong with one. */
const rangesOf = (ranges: OptionValue): readonly (readonly string[])[] | undefined =>
  Array.isArray(ranges) ? ranges.map((range: string) => range.split(",").map((part) => part.trim())) : undefined;

function statements(record: Command): void {
  kind(record, "ack", "acknowledge a step", '--step "materials checked"', (values) => ({
    kind: "acknowledgement",
    step: values["step"],
  })).requiredOption("--step <text>", "the step as the contract words it");
  kind(
    record,
    "check",
    "record a check list, or a check before or after use",
    "--asset lamp --result pass",
    (values) => ({
      kind: "check",
      asset: values["asset"],
      when: values["when"],
      name: values["name"],
      result: values["result"],
      items: itemsOf(values["passed"], values["failed"]),
    }),
  )
    .requiredOption("--asset <name>", "role or asset id")
    .addOption(new Option("--result <result>").choices(["pass", "fail"]).makeOptionMandatory())
    .addOption(
      new Option("--when <when>", "a check list, or before or after a use").choices(["list", "opening", "closing"]),
    )
    .option("--name <name>", "which check, where there are several")
    .option("--passed <items...>", "items that passed")
    .option("--failed <items...>", "items that failed");
}

type OptionValue = Values[string];

function itemsOf(passed: OptionValue, failed: OptionValue): object | undefined {
  if (!Array.isArray(passed) && !Array.isArray(failed)) return undefined;
  const mark = (items: OptionValue, value: string) =>
    Array.isArray(items) ? items.map((item: string) => [item, value]) : [];
  return Object.fromEntries([...mark(passed, "pass"), ...mark(failed, "fail")]);
}

function condition(record: Command): void {
  const on = { kind: "on-time" } as const;
  kind(record, "on", "record that equipment was switched on", "--asset lamp --for-minutes 15", (values) => ({
    ...on,
    asset: values["asset"],
    state: "on",
    forMinutes: values["forMinutes"],
  }))
    .requiredOption("--asset <name>", "role or asset id")
    .option("--for-minutes <n>", "how long it has been on already, on your word");
  kind(record, "off", "record that equipment was switched off", "--asset lamp", (values) => ({
    ...on,
    asset: values["asset"],
    state: "off",
  })).requiredOption("--asset <name>", "role or asset id");
  kind(record, "event", "record what happened to equipment", "--asset light-meter --event dropped", (values) => ({
    kind: "event",
    asset: values["asset"],
    event: values["event"],
  }))
    .requiredOption("--asset <name>", "role or asset id")
    .requiredOption("--event <word>", "dropped, overloaded, as the contract words it");
  kind(record, "service", "record a service state", "--asset lamp --state out-of-service", (values) => ({
    kind: "service",
    asset: values["asset"],
    state: values["state"],
  }))
    .requiredOption("--asset <name>", "role or asset id")
    .requiredOption("--state <word>", "in-service, out-of-service, locked, unlocked, returned, reverified, used");
}

function supplies(record: Command): void {
  kind(record, "lot", "record a lot of material", "--material penetrant --lot 24C017 --expires 2027-06", (values) => ({
    kind: "lot",
    material: values["material"],
    lot: values["lot"],
    expires: values["expires"],
    openedOn: values["openedOn"],
  }))
    .requiredOption("--material <name>", "the material as the contract names it")
    .requiredOption("--lot <number>", "lot number")
    .option("--expires <date>", "date or month it is good to")
    .option("--opened-on <date>", "date it was opened");
  kind(record, "counter", "record a counter of use", "--asset lamp --counter hours --value 312.5", (values) => ({
    kind: "counter",
    asset: values["asset"],
    counter: values["counter"],
    value: values["value"],
    atService: values["atService"],
  }))
    .requiredOption("--asset <name>", "role or asset id")
    .addOption(new Option("--counter <counter>").choices(["hours", "cycles"]).makeOptionMandatory())
    .requiredOption("--value <decimal>", "what it shows")
    .option("--at-service", "the equipment was serviced at this count");
}

/** Both count only with the signatures the contract asks for, each made with `maint record approval` by the signer. */
function grants(record: Command): void {
  kind(
    record,
    "override",
    "ask that a reason be lifted for a while; it counts once it is approved",
    '--rule calibration.overdue --subject Meter-1 --until 2026-11-24T18:00:00-06:00 --reason "spare is on its way"',
    (values) => ({
      kind: "override",
      rule: values["rule"],
      subject: values["subject"],
      expiresAt: values["until"],
      reason: values["reason"],
    }),
  )
    .requiredOption("--rule <code>", "the reason code, as the gate gives it")
    .requiredOption("--subject <name>", "what the reason is about, as the gate names it")
    .requiredOption("--until <instant>", "when it ends, with offset")
    .requiredOption("--reason <text>", "why");
  kind(
    record,
    "extension",
    "ask that a calibration be used beyond its due date; it counts once it is approved",
    '--asset light-meter --until 2026-12-10 --reason "the laboratory is closed"',
    (values) => ({ kind: "extension", asset: values["asset"], until: values["until"], reason: values["reason"] }),
  )
    .requiredOption("--asset <name>", "role or asset id")
    .requiredOption("--until <date>", "its last day")
    .requiredOption("--reason <text>", "why");
  kind(record, "approval", "sign an override or an extension", "--of E41", (values) => ({
    kind: "approval",
    of: values["of"],
  })).requiredOption("--of <id>", "id of the override or extension, as it was printed");
}

function certificates(record: Command): void {
  kind(
    record,
    "revocation",
    "record that a certificate was taken back",
    '--asset light-meter --certificate C-123 --reason "laboratory error"',
    (values) => ({
      kind: "revocation",
      asset: values["asset"],
      certificate: values["certificate"],
      reason: values["reason"],
    }),
  )
    .requiredOption("--asset <name>", "role or asset id")
    .requiredOption("--certificate <number>", "certificate number")
    .requiredOption("--reason <text>", "why");
  kind(
    record,
    "impact",
    "record that the impact of an as-found result out of tolerance is settled",
    '--asset light-meter --certificate C-123 --disposition "12 parts tested again"',
    (values) => ({
      kind: "impact-closed",
      asset: values["asset"],
      certificate: values["certificate"],
      disposition: values["disposition"],
    }),
  )
    .requiredOption("--asset <name>", "role or asset id")
    .requiredOption("--certificate <number>", "certificate number")
    .requiredOption("--disposition <text>", "what was decided about earlier tests");
}

async function send(options: Values, body: object): Promise<void> {
  const call = {
    method: "POST",
    path: "/v1/evidence",
    url: agentUrl(options),
    token: agentToken(options, "person"),
  } as const;
  const { body: answer } = await askAgent(call, body);
  const { id, ledgerSeq } = answer as { readonly id: string; readonly ledgerSeq: number };
  process.stdout.write(
    options.json === true
      ? `${JSON.stringify(answer)}\n`
      : `recorded ${id} at ${options.node}, ledger entry ${ledgerSeq}\n`,
  );
}
