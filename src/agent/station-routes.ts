import { existsSync, readdirSync, readFileSync } from "node:fs";
import { extname } from "node:path";
import { refTo } from "../model/json-schema.ts";
import type { Activation } from "./activation.ts";
import type { AgentClock } from "./agent-clock.ts";
import type { HubContact } from "./caveats.ts";
import type { RouteDoc } from "./described-route.ts";
import type { EvidenceStore } from "./evidence-store.ts";
import type { Route } from "./local-api.ts";
import { stationView } from "./station-view.ts";
import type { TestRuns } from "./test-runs.ts";

export interface StationServices {
  readonly node: string;
  readonly clock: AgentClock;
  readonly store: EvidenceStore;
  readonly runs: TestRuns;
  readonly standing: Activation["standing"];
  readonly hub: () => HubContact;
}

const FOLDER = new URL("station-page/", import.meta.url);

const TYPES: { readonly [ending: string]: string } = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
};

/** Its own scripts and styles and this agent, and nothing else: no inline code, no frame, no other host. */
export const PAGE_POLICY = [
  ...["default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'", "img-src 'self'"],
  ...["base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"],
].join("; ");

const HEADERS = {
  "content-security-policy": PAGE_POLICY,
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
};

const doc: RouteDoc = {
  ...{ id: "station", summary: "What a person at this station may name, and what was recorded last" },
  ...{ answer: refTo("Station"), text: "^.+ .+\\n$" },
};

/**
 * The station page and what it reads. The page is served without a token, since it holds nothing of the station; each
 * request that it makes carries the token of the person who signed in.
 */
export function stationRoutes({ node, clock, store, runs, standing, hub }: StationServices): readonly Route[] {
  return [
    ...pageRoutes(),
    {
      ...{ method: "GET", path: "/v1/station", scope: "status", doc },
      handle: (_, caller) => {
        const now = standing();
        const set = now.kind === "ready" ? now.set : null;
        const body = stationView({ node, set, now: clock.now(), hub: hub(), store, runs }, caller);
        return { status: 200, body, text: `${node} ${body.now}` };
      },
    },
  ];
}

/** One for each file of the page's folder, so that a path from outside never becomes one of the disk. */
function pageRoutes(): readonly Route[] {
  // An installation without the page still decides: it then has no such routes.
  const files = existsSync(FOLDER) ? readdirSync(FOLDER) : [];
  return files.flatMap((file) => {
    const type = TYPES[extname(file)];
    if (type === undefined) return [];
    const content = { type, bytes: readFileSync(new URL(file, FOLDER)) };
    return {
      ...{ method: "GET", path: file === "index.html" ? "/" : `/station/${file}`, scope: "open" },
      handle: () => ({ status: 200, body: null, content, headers: HEADERS }),
    };
  });
}
