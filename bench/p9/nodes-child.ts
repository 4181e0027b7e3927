/** All nodes of a fleet in one process, lean: they verify nothing, so that the machine is the hub's. */
import { readFleet } from "../../src/cli/simulate/fleet-file.ts";
import { runFleet } from "../../src/cli/simulate/run-fleet.ts";

const [file = "", hubUrl = "", spreadMs = "2000"] = process.argv.slice(2);
const faults = { drop: 0, slowMs: 0 };
const fleet = runFleet({
  hubUrl,
  fleet: readFleet(file),
  lean: true,
  faults,
  spreadMs: Number(spreadMs),
  flapMs: null,
});

process.on("message", (message: { readonly kind: string; readonly digest?: string }) => {
  if (message.kind === "counts") process.send?.({ counts: fleet.counts() });
  if (message.kind === "recount") fleet.recount(message.digest);
  if (message.kind === "refetch" && message.digest !== undefined) fleet.refetch(message.digest);
  if (message.kind === "cut") {
    fleet.recount();
    fleet.cutAll();
  }
});
process.on("disconnect", () => {
  fleet.stop();
  process.exit();
});
process.send?.({ started: fleet.counts().nodes });
