import { link, type TableBlock, type Text } from "../../compiler/doc/page.ts";
import type { AlertRow, IncidentRow, TellRow } from "./audit-report.ts";
import { shortTime } from "./decision-section.ts";

export function alertsTable(rows: readonly AlertRow[], incidents: readonly IncidentRow[]): TableBlock {
  const known = new Map(incidents.map((incident) => [incident.id, incident]));
  return {
    kind: "table",
    caption:
      "As the hub took them; minutes count from its arrival there. People are told of an incident: of all its alerts, until one is acknowledged",
    head: ["Alert", "At", "Node", "Severity", "What", "Told", "Acknowledged"],
    rows: rows.map((row): readonly Text[] => [
      [row.id],
      [shortTime(row.at)],
      [row.node],
      [row.severity],
      [row.words],
      toldOf(row, known.get(row.incident)),
      acknowledgedBy(row),
    ]),
  };
}

const acknowledgedBy = ({ acknowledgedBy: by, minutesToAcknowledge: minutes, note }: AlertRow): Text =>
  by === null
    ? ["by nobody"]
    : [{ kind: "strong", text: by }, `${minutes === null ? "" : ` after ${minutes} minutes`}: ${note ?? "–"}`];

/** Each role once, with when it was told first; how it went stands in the table of incidents. */
function toldOf({ incident }: AlertRow, known: IncidentRow | undefined): Text {
  if (known === undefined) return ["not recorded"];
  const first = new Map<string, string>();
  for (const { role, at, state } of known.told)
    if (state === "told" && !first.has(role.toLowerCase())) first.set(role.toLowerCase(), `${role} ${shortTime(at)}`);
  return [`${[...first.values()].join(", ") || "nobody"}; `, link(incident, `#${anchorOf(incident)}`)];
}

const anchorOf = (incident: string): string => `told-${incident}`;

type Row = readonly [incident: string, at: string, who: string, why: string, outcome: string];

/** A row for its beginning, one for each role and time that it was told, and one for its end. */
export function incidentsTable(incidents: readonly IncidentRow[]): TableBlock {
  const lines = incidents.flatMap((one) =>
    rowsOf(one).map((row, index) => ({
      id: index === 0 ? anchorOf(one.id) : `${anchorOf(one.id)}-${index}`,
      row,
    })),
  );
  return {
    kind: "table",
    caption: "Who was told of each incident, when and over which channel, and who answered; times of the hub",
    head: ["Incident", "At", "Who", "Why", "What came of it"],
    rows: lines.map(({ row }) => row.map((text): Text => [text])),
    rowIds: lines.map(({ id }) => id),
  };
}

/** In the order of time: what the end made needless comes behind it. */
function rowsOf(incident: IncidentRow): readonly Row[] {
  const { told, acknowledged } = incident;
  const isLater = ({ at, state }: TellRow): boolean => state !== "told" && at > (acknowledged?.at ?? at);
  const [before, later] = [told.filter((tell) => !isLater(tell)), told.filter(isLater)];
  const rows = (tells: readonly TellRow[]) => tells.map((tell) => telling(incident, tell));
  return [beginning(incident), ...rows(before), ...notListed(incident), end(incident), ...rows(later)];
}

function beginning({ id, openedAt, count, firstAlert, lastAlert, roles }: IncidentRow): Row {
  const alerts = count === 1 ? firstAlert : `${count} alerts, ${firstAlert} to ${lastAlert}`;
  const known = roles.map(({ role, alerts: of }) => `${role} was told of ${of} of ${count}`).join(", ");
  return [id, shortTime(openedAt), "–", `it began: ${alerts}`, known || "nobody was told"];
}

const telling = ({ id }: IncidentRow, tell: TellRow): Row => [
  ...([id, shortTime(tell.at), tell.role, `${WHY[tell.why](tell)}, ${tell.severity}`] as const),
  tell.state === "told"
    ? tell.messages.map(messageWords).join("; ") || "no message of it is on record"
    : NOT_TOLD[tell.state],
];

const WHY: { readonly [why in TellRow["why"]]: (tell: TellRow) => string } = {
  first: () => "it began",
  worse: () => "it got worse",
  escalation: ({ afterMs }) => `nobody had acknowledged it after ${Math.round(afterMs / 6_000) / 10} minutes`,
  repeat: () => "more of the same came",
};

const NOT_TOLD: { readonly [state in Exclude<TellRow["state"], "told">]: string } = {
  waiting: "waits; told then, if nobody acknowledges",
  "not needed": "not told: acknowledged before, or told sooner",
};

function messageWords({ channel, state, at, error }: TellRow["messages"][number]): string {
  const when = at === null ? "" : ` ${shortTime(at)}`;
  return `${channel === "" ? "" : `${channel}: `}${state}${when}${error === null ? "" : `, ${error}`}`;
}

/** What was told and is not listed: too much for a report, or forgotten by the hub. */
function notListed({ id, more, repeats, lastToldAt, told }: IncidentRow): readonly Row[] {
  const isForgotten = more === 0 && repeats > 0 && !told.some(({ why }) => why === "repeat");
  if (more === 0 && !isForgotten) return [];
  const said = more > 0 ? `${more} more messages` : `told again, ${repeats} times; the messages are kept no more`;
  return [[id, shortTime(lastToldAt), "–", "more of the same came", said]];
}

const end = ({ id, acknowledged }: IncidentRow): Row =>
  acknowledged === null
    ? [id, "–", "nobody", "not acknowledged when the report was made", "–"]
    : [id, shortTime(acknowledged.at), acknowledged.by, "acknowledged it", acknowledged.note];
