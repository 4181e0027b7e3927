import { expect, test } from "vitest";
import { MaintError } from "../../../src/base/maint-error.ts";
import { makeSigningKey } from "../../../src/disk/key-file.ts";
import { packLines, unpackLines } from "../../../src/hub/reports/node-proof.ts";
import { createReportService } from "../../../src/hub/reports/report-service.ts";
import { verifyReport } from "../../../src/hub/reports/verify-report.ts";
import type { LedgerRecord } from "../../../src/model/ledger-entry.ts";
import { PRODUCT_VERSION } from "../../../src/model/product-version.ts";
import { reportPorts, wholeWindow } from "./report-ports.ts";

/** What a hub seals somebody has to be able to read. */

const key = makeSigningKey();
const by = { id: "AUD-1", roles: ["auditor"] };

async function made(maxBytes?: number) {
  const written: LedgerRecord[] = [];
  const ports = {
    ...reportPorts(),
    key,
    journal: {
      append: async (records: readonly LedgerRecord[]) => {
        written.push(...records);
        return [];
      },
    },
  };
  const service = createReportService(ports, maxBytes);
  const outcome = await service.audit({ kind: "period" }, wholeWindow, by).catch((error: unknown) => error);
  return { outcome, written: written.map(({ action }) => action) };
}

test("a report is made up to the size that is read, and refused beyond it, with what to do about it", async () => {
  const { outcome, written } = await made();
  const { html } = outcome as { readonly html: string };
  expect(verifyReport(html, { publicHex: key.publicHex, madeWith: PRODUCT_VERSION }).findings).toEqual([]);
  expect(written).toEqual(["reported"]);
  const bytes = Buffer.byteLength(html);
  expect(bytes).toBeGreaterThan(html.length);
  expect((await made(bytes)).outcome).toEqual(outcome);
  const beyond = await made(bytes - 1);
  expect(beyond.written).toEqual([]);
  expect(beyond.outcome).toBeInstanceOf(MaintError);
  expect(beyond.outcome).toMatchObject({
    code: "MAINT_ERR_CONFLICT",
    message: expect.stringMatching(
      /^it would have more than \d+ bytes, and could not be verified: too much for one report$/,
    ),
    help: "narrow it: a shorter period (--from, --to), one station (--station) or one order (--order)",
  });
});

test("entries are packed up to what is unpacked again", () => {
  const lines = ["µ", "ab"];
  expect(unpackLines(packLines(lines, 6))).toEqual(lines);
  expect(() => packLines(lines, 5)).toThrow("more than 5 bytes");
});
