import type { X509Certificate } from "node:crypto";
import { parseDate, printUtc } from "../base/civil-time.ts";
import { compare, parseJsonNumber } from "../base/rational.ts";
import { fail, ok, type Result } from "../base/result.ts";
import {
  type CalibrationRow,
  type ImportedCalibrations,
  type ImportRemark,
  isPlaceholderDate,
  MAX_CELL_LENGTH,
  type RejectedRow,
  shownValue,
} from "./calibration-row.ts";
import { judgeSigner } from "./certificate-trust.ts";
import { unitFromDsi } from "./d-si-units.ts";
import { DCC, readResults } from "./dcc-results.ts";
import { childElements, elementsBelow, parseXml, textOf } from "./xml-document.ts";
import { checkXmlSignature } from "./xml-signature.ts";

const SI = "https://ptb.de/si";

export interface DccOptions {
  /** What the item is called at the plant; else the number that the customer gave it. */
  readonly asset?: string;
  readonly anchors: readonly X509Certificate[];
  readonly nowMs: number;
}

export interface DccSignature {
  readonly state: "none" | "valid" | "invalid" | "untrusted" | "revoked";
  readonly why: string;
}

export interface ImportedCertificate extends ImportedCalibrations {
  readonly signature: DccSignature;
}

/**
 * A digital calibration certificate, DCC XML 3.x. Where its signature holds, only what was signed is read. Fails where the
 * text is no such document. Source: PTB, dcc.xsd 3.0 to 3.3 and the good practice for temperature.
 */
export function readDcc(text: string, options: DccOptions): Result<ImportedCertificate, string> {
  const document = parseXml(text);
  if (!document.ok) return fail(`line ${document.error.line}: ${document.error.message}`);
  const checked = checkXmlSignature(text.replace(/^\ufeff/, ""), document.value);
  const held = checked.ok ? checked.value : undefined;
  const read = held === undefined ? document : parseXml(held.signedText);
  if (!read.ok) return fail(`what was signed is no XML: ${read.error.message}`);
  const root = read.value.documentElement;
  const version = root.getAttribute("schemaVersion") ?? "";
  if (root.namespaceURI !== DCC || root.localName !== "digitalCalibrationCertificate")
    return fail("is no digital calibration certificate");
  if (!/^3\.\d/.test(version)) return fail(`has the schema version ${JSON.stringify(version)}; 3.x is read`);
  if (!checked.ok) return readCertificate(root, options, { state: "invalid", why: checked.error }, []);
  if (held === undefined) return readCertificate(root, options, { state: "none", why: "it carries no signature" }, []);
  const { state, why, revokedAtMs } = judgeSigner(held, options);
  const claimed = held.signedAtMs === undefined ? "no time" : printUtc(held.signedAtMs);
  const stamps = held.hasTimeStamps ? "its time stamps are not checked" : "no time stamp proves it";
  return readCertificate(
    root,
    options,
    { state, why },
    [
      { field: "Signature", message: `the signer says it signed at ${claimed}; ${stamps}` },
      { field: "Signature", message: "revocation is read from the document alone; nobody was asked over the network" },
    ],
    revokedAtMs,
  );
}

function readCertificate(
  root: Element,
  { asset: named }: DccOptions,
  signature: DccSignature,
  said: readonly ImportRemark[],
  revokedAtMs?: number,
): Result<ImportedCertificate, string> {
  const [administrative] = childElements(root, DCC, "administrativeData");
  const [measured] = childElements(root, DCC, "measurementResults");
  const [core] = administrative === undefined ? [] : childElements(administrative, DCC, "coreData");
  if (administrative === undefined || core === undefined) return fail("has no administrativeData with coreData");
  const remarks: ImportRemark[] = [...said];
  const rejected: RejectedRow[] = [];
  const reject = (column: string, value: string, why: string): void =>
    void rejected.push({ line: 1, column, value: shownValue(value), why });
  const certificate = textOf(childElements(core, DCC, "uniqueIdentifier")[0]);
  if (certificate === "" || certificate.length > MAX_CELL_LENGTH)
    reject("uniqueIdentifier", certificate, `is empty or longer than ${MAX_CELL_LENGTH} characters`);
  const item = itemOf(administrative, reject);
  const asset = named ?? item.customer ?? "";
  if (asset === "") reject("items", "", "holds no number of the customer's: say --asset");
  if (named !== undefined && item.customer !== undefined && item.customer !== named)
    remarks.push({ field: "items", message: `the certificate calls the item ${item.customer}` });
  const dates = datesOf(core, administrative, reject, remarks);
  const { result, why, asFound, asLeft, remarks: unclear } = readResults(administrative, measured);
  if (result === undefined) reject("conformity", "", why);
  const ranges = rangesOf(administrative, remarks);
  const references = referencesOf(measured);
  remarks.push(...unclear, ...leftOut(administrative, measured));
  const row: CalibrationRow = {
    place: `certificate ${certificate}`,
    asset,
    performedOn: dates.performedOn,
    ...(dates.dueOn === undefined ? {} : { dueOn: dates.dueOn }),
    result: result ?? "fail",
    certificate,
    ...(item.serial === undefined ? {} : { assetSerial: item.serial }),
    ...(asFound === undefined ? {} : { asFound }),
    ...(asLeft === undefined ? {} : { asLeft }),
    ...(signature.state === "none" ? {} : { signature: signature.state }),
    ...(revokedAtMs === undefined ? {} : { revokedAt: printUtc(revokedAtMs) }),
    ...(ranges.length === 0 ? {} : { ranges }),
    ...(references.length === 0 ? {} : { references }),
  };
  return ok({ rows: rejected.length === 0 ? [row] : [], rejected, remarks, signature });
}

type Reject = (column: string, value: string, why: string) => void;

/** The one item, by the serial number its maker gave it and the number its owner gave it. */
function itemOf(administrative: Element, reject: Reject): { readonly serial?: string; readonly customer?: string } {
  const items = childElements(administrative, DCC, "items").flatMap((one) => childElements(one, DCC, "item"));
  const [item] = items;
  if (item === undefined || items.length > 1) {
    reject("items", String(items.length), "one item a certificate is taken: its results say not which is theirs");
    return {};
  }
  const serial = identifier(item, ["manufacturer"], /serial/i);
  const customer = identifier(item, ["customer", "owner"]);
  return { ...(serial === undefined ? {} : { serial }), ...(customer === undefined ? {} : { customer }) };
}

/** The first identification by these issuers in their order; of several by one, the one whose name or type fits. */
function identifier(of: Element, issuers: readonly string[], preferred?: RegExp): string | undefined {
  const all = childElements(of, DCC, "identifications").flatMap((one) => childElements(one, DCC, "identification"));
  for (const issuer of issuers) {
    const own = all.filter((one) => textOf(childElements(one, DCC, "issuer")[0]) === issuer);
    const fits = (one: Element): boolean =>
      preferred?.test(`${one.getAttribute("refType")} ${textOf(childElements(one, DCC, "name")[0])}`) === true;
    const chosen = own.find(fits) ?? own[0];
    const value = chosen === undefined ? "" : textOf(childElements(chosen, DCC, "value")[0]);
    if (value !== "" && value.length <= MAX_CELL_LENGTH) return value;
  }
  return undefined;
}

/** xs:date may carry a zone: the day is the laboratory's, as it wrote it. */
const dayOf = (element: Element | undefined): string => textOf(element).replace(/(?:Z|[+-]\d{2}:\d{2})$/, "");

function datesOf(
  core: Element,
  administrative: Element,
  reject: Reject,
  remarks: ImportRemark[],
): { readonly performedOn: string; readonly dueOn?: string } {
  const began = dayOf(childElements(core, DCC, "beginPerformanceDate")[0]);
  const performedOn = dayOf(childElements(core, DCC, "endPerformanceDate")[0]);
  if (parseDate(performedOn) === undefined || isPlaceholderDate(performedOn))
    reject("endPerformanceDate", performedOn, "is no date");
  if (began !== performedOn) remarks.push({ field: "beginPerformanceDate", message: `it took from ${began} on` });
  const dues = statements(administrative)
    .filter((one) => hasType(one, "basic_recalibration"))
    .flatMap((one) => childElements(one, DCC, "date"))
    .map(dayOf);
  const bad = dues.find((due) => parseDate(due) === undefined || isPlaceholderDate(due));
  if (bad !== undefined) reject("basic_recalibration", bad, "is no date");
  const dueOn = [...dues].sort()[0];
  if (dueOn !== undefined && dueOn < performedOn) reject("basic_recalibration", dueOn, "lies before the calibration");
  return { performedOn, ...(dueOn === undefined ? {} : { dueOn }) };
}

const statements = (administrative: Element): readonly Element[] =>
  childElements(administrative, DCC, "statements").flatMap((one) => childElements(one, DCC, "statement"));

const hasType = (element: Element, type: string): boolean =>
  (element.getAttribute("refType") ?? "").split(/\s+/).includes(type);

type Range = readonly [low: string, high: string, unit: string];

/** What the laboratory states as the range it calibrated in, never what its points would make. */
function rangesOf(administrative: Element, remarks: ImportRemark[]): readonly Range[] {
  const stated = statements(administrative).filter((one) => hasType(one, "basic_validityRange"));
  if (stated.length === 0) remarks.push({ field: "basic_validityRange", message: "no range is stated" });
  return stated.flatMap((statement) => {
    const quantities = elementsBelow(statement, DCC, "quantity");
    const lows = quantities.filter((one) => hasType(one, "basic_validityRangeMin"));
    const highs = quantities.filter((one) => hasType(one, "basic_validityRangeMax"));
    const ranges = lows.map((low, at) => rangeOf(low, highs[at]));
    const known = ranges.filter((one) => one !== undefined);
    if (known.length === 0 || known.length < ranges.length || lows.length !== highs.length)
      remarks.push({
        field: "basic_validityRange",
        message: "a range, or its unit, could not be read and is left out",
      });
    return known;
  });
}

function rangeOf(low: Element, high: Element | undefined): Range | undefined {
  if (high === undefined) return undefined;
  for (const [from, unit] of realsOf(low)) {
    const to = realsOf(high).find((one) => one[1] === unit)?.[0];
    const [a, b] = [parseJsonNumber(from), parseJsonNumber(to ?? "")];
    if (to !== undefined && a !== undefined && b !== undefined && compare(a, b) <= 0) return [from, to, unit];
  }
  return undefined;
}

/** A quantity's values in units that we have, in the order of the document; a hybrid gives one value in several. */
function realsOf(quantity: Element): readonly (readonly [value: string, unit: string])[] {
  const reals = [quantity, ...childElements(quantity, SI, "hybrid")].flatMap((one) => childElements(one, SI, "real"));
  return reals.flatMap((real) => {
    const unit = unitFromDsi(textOf(childElements(real, SI, "unit")[0]));
    const value = textOf(childElements(real, SI, "value")[0]).replace(/^\+/, "");
    return unit === undefined ? [] : [[value, unit] as const];
  });
}

/** The measuring equipment, by the number of the laboratory, of its maker, or by its name. */
function referencesOf(measured: Element | undefined): readonly string[] {
  if (measured === undefined) return [];
  const names = elementsBelow(measured, DCC, "measuringEquipment").map((one) => {
    const given = identifier(one, ["calibrationLaboratory", "owner", "manufacturer", "customer", "other"]);
    return given ?? textOf(childElements(childElements(one, DCC, "name")[0] ?? one, DCC, "content")[0]);
  });
  return [...new Set(names.filter((name) => name !== "" && name.length <= MAX_CELL_LENGTH))];
}

const TAKEN = ["basic_validityRange", "basic_conformity", "basic_recalibration"];

function leftOut(administrative: Element, measured: Element | undefined): readonly ImportRemark[] {
  const count = (name: string): number => (measured === undefined ? 0 : elementsBelow(measured, DCC, name).length);
  const other = statements(administrative).filter((one) => !TAKEN.some((type) => hasType(one, type))).length;
  const counted: readonly (readonly [field: string, number, what: string])[] = [
    ["results", count("result"), "measured values and their uncertainties"],
    ["influenceConditions", count("influenceCondition"), "conditions of the measurement"],
    ["usedMethods", count("usedMethod"), "methods"],
    ["statements", other, "other statements"],
    ["respPersons", elementsBelow(administrative, DCC, "respPerson").length, "persons responsible"],
  ];
  return counted
    .filter(([, number]) => number > 0)
    .map(([field, number, what]) => ({ field, message: `${what} are not taken over (${number})` }));
}
