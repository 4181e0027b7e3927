import { MaintError } from "../base/maint-error.ts";
import type { RolloutView } from "../hub/rollout/rollout-views.ts";
import { type HubClient, printAnswer } from "./hub-client.ts";
import { releaseOf } from "./named-release.ts";
import { paintFor } from "./paint.ts";
import { redrawn } from "./redrawn.ts";
import { rolloutLines, waveKey, waveLine } from "./rollout-lines.ts";

const LOOK_EVERY_MS = 500;

/** Where a rollout is asked for at the hub. */
export const rolloutPath = (name: string): string => {
  const { contract, version } = releaseOf(name);
  return `/v1/rollouts/${contract}/${version}`;
};

/**
 * Follows a rollout to its end: on a terminal a picture that is drawn over, elsewhere a line for what changed, with `json` the
 * view as a line. Sets exit code 1 unless it finished.
 * @throws MaintError MAINT_ERR_ROLLOUT_PAUSED where nobody looks on who could resume it
 */
export async function watchRollout(
  hub: HubClient,
  name: string,
  options: { readonly json?: boolean | undefined },
): Promise<void> {
  const isScreen = process.stdout.isTTY === true && options.json !== true;
  const show = isScreen ? onScreen() : options.json === true ? asJson() : asLines();
  for (;;) {
    const { events: _, ...view } = (await hub.get(rolloutPath(name))) as RolloutView & { readonly events: unknown };
    show(view);
    if (isOver(view)) {
      process.exitCode = view.status === "finished" ? 0 : 1;
      return;
    }
    if (view.status === "paused" && !isScreen)
      throw new MaintError("MAINT_ERR_ROLLOUT_PAUSED", `${name} is paused: ${view.because?.reason ?? ""}`, {
        exitCode: 1,
        help: `maint rollout resume ${name} --reason "…", or abort`,
      });
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}

const isOver = ({ status }: RolloutView): boolean => status !== "running" && status !== "paused";

type Show = (view: RolloutView) => void;

function onScreen(): Show {
  const draw = redrawn(process.stdout);
  return (view) => draw(rolloutLines(view, Date.now(), paintFor(process.stdout)), isOver(view));
}

function asJson(): Show {
  let said = "";
  return (view) => {
    const line = JSON.stringify(view);
    if (line !== said) printAnswer({ json: true }, view, []);
    said = line;
  };
}

/** The whole picture at the start and whenever the status changes; in between the waves whose bar moved, a line each. */
function asLines(): Show {
  let before: RolloutView | undefined;
  return (view) => {
    const known = before;
    before = view;
    if (known?.status !== view.status || known.waves.length !== view.waves.length) {
      printAnswer({}, view, rolloutLines(view, Date.now()));
      return;
    }
    const moved = view.waves.flatMap((wave, index) => {
      const then = known.waves[index];
      return then !== undefined && waveKey(then) === waveKey(wave) ? [] : [waveLine(view.waves, index)];
    });
    printAnswer({}, view, moved);
  };
}
