import {
  countSchema,
  type JsonSchema,
  listSchema,
  objectSchema,
  orNull,
  refTo,
  textSchema,
} from "../../../model/json-schema.ts";
import * as alerts from "../alerts-routes.ts";
import { openSchema, timeMs } from "./answer-schemas.ts";
import type { RouteDocs } from "./route-doc.ts";

const text = textSchema();
const notice = openSchema("a message to one recipient", "id", "kind", "channel", "role", "state", "attempts", "error");
const notices = objectSchema<{ notices: unknown }>({ notices: listSchema(notice) });
const acknowledged: JsonSchema = openSchema("what was acknowledged", "ids", "count", "incidents", "by", "atMs");
const retention = openSchema("alerts' retention", "days", "records", "set", "kept", "removed", "going", "held");

/** What nodes raise, and who is told. */
export const alertDocs: RouteDocs = {
  "GET /v1/alerts": {
    ...{ id: "listAlerts", summary: "Alerts, the last to come first, and their groups", query: alerts.filterSchema },
    answer: objectSchema<{ alerts: unknown; groups: unknown; next: unknown }>({
      ...{ alerts: listSchema(refTo("Alert")), groups: listSchema(refTo("AlertGroup")) },
      next: orNull(textSchema("the before of the next page; null behind the last")),
    }),
  },
  "GET /v1/alerts/tail": {
    ...{ id: "tailAlerts", summary: "Alerts behind one, as soon as there are some", query: alerts.tailSchema },
    answer: objectSchema<{ alerts: unknown; next: unknown }>({
      ...{ alerts: listSchema(refTo("Alert")), next: textSchema("the after of the next question") },
    }),
  },
  "GET /v1/alerts/metrics": {
    ...{ id: "alertMetrics", summary: "How long it took to tell and to acknowledge", query: alerts.metricsSchema },
    answer: objectSchema<{ by: unknown; fromMs: unknown; toMs: unknown; parts: unknown; removed: unknown }>({
      ...{ by: text, fromMs: timeMs, toMs: timeMs },
      parts: listSchema(openSchema("a part", "key", "incidents", "open", "notice", "acknowledgement", "inTime")),
      removed: countSchema("incidents of that time that retention may have removed, at the most"),
    }),
  },
  "GET /v1/alerts/verify": {
    ...{ id: "verifyAlerts", summary: "Hold the stored alerts to the ledger" },
    answer: openSchema("what was compared", "batches", "records", "removed", "findings", "findingCount"),
  },
  "GET /v1/alerts/retention": {
    ...{ id: "showAlertRetention", summary: "How much of alerts is kept, and what is beyond", answer: retention },
  },
  "PUT /v1/alerts/retention": {
    ...{ id: "setAlertRetention", summary: "How much of alerts is kept; what is beyond goes for good" },
    ...{ body: alerts.alertRetentionSchema, answer: retention },
  },
  "GET /v1/alerts/outbox": {
    ...{ id: "listNotices", summary: "Messages on their way or ended, newest first", query: alerts.outboxSchema },
    answer: notices,
  },
  "POST /v1/alerts/outbox/retry": {
    ...{ id: "retryNotices", summary: "Send given-up messages again", body: alerts.retrySchema },
    answer: objectSchema<{ retried: unknown }>({ retried: listSchema(text) }),
  },
  "POST /v1/alerts/trial": {
    ...{ id: "sendTrialNotice", summary: "Send a trial to a role or over a channel", body: alerts.trialSchema },
    answer: notices,
  },
  "POST /v1/alerts/acknowledge": {
    ...{ id: "acknowledgeAlerts", summary: "Acknowledge alerts and groups, all or none" },
    ...{ body: alerts.acknowledgeManySchema, answer: acknowledged },
  },
  "GET /v1/alerts/:id": {
    ...{ id: "showAlert", summary: "An alert, its incident, and who was told" },
    answer: objectSchema<{ alert: unknown; incident: unknown; steps: unknown; told: unknown; notices: unknown }>({
      ...{
        alert: refTo("Alert"),
        incident: openSchema("its incident", "number", "count", "openedAtMs", "noticedAtMs"),
      },
      steps: listSchema(openSchema("who is told when", "role", "dueAtMs", "sentAtMs", "state")),
      told: listSchema(openSchema("what a role knows", "role", "alerts")),
      notices: listSchema(notice),
    }),
  },
  "POST /v1/alerts/:id/acknowledge": {
    ...{ id: "acknowledgeAlert", summary: "Acknowledge an alert and all open ones of its group" },
    ...{ body: alerts.acknowledgeSchema, answer: acknowledged },
  },
};
