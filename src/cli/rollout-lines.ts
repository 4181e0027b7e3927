import type { ShadowSummary } from "../hub/alerts/shadow-store.ts";
import type { RolloutPolicy } from "../hub/core/rollout-policy.ts";
import type { RolloutPlan } from "../hub/rollout/rollout-commands.ts";
import type { RolloutView, WaveView } from "../hub/rollout/rollout-views.ts";
import type { WhyNot } from "../hub/rollout/why-not.ts";
import type { paintFor } from "./paint.ts";

type Paint = ReturnType<typeof paintFor>;

const BAR_WIDTH = 30;
const NODES_NAMED = 8;

/** One rollout: what it is about, a bar for each wave, and who failed. Told apart by letters, not by colour alone. */
export function rolloutLines(view: RolloutView, nowMs: number, paint?: Paint): readonly string[] {
  const { contract, version, status, because, waves, soaksUntilMs, failures } = view;
  const mode = view.policy?.mode === "shadow" ? ", in the shadow" : "";
  const head = `${contract}@${version}  ${status}${mode}`;
  const width = Math.max(0, ...waves.map(({ name }) => name.length));
  return [
    paint?.(status === "paused" || status === "reverted" ? "warning" : "bold", head) ?? head,
    ...(because === null ? [] : [`  ${because.reason} (${because.by}, ${new Date(because.atMs).toISOString()})`]),
    ...(status === "held" ? [`  to do: maint rollout start ${contract}@${version}`] : []),
    ...waves.map((wave, index) => `  ${String(index + 1).padStart(2)}  ${wave.name.padEnd(width)}  ${waveBar(wave)}`),
    ...(soaksUntilMs === null ? [] : [`  soaks for another ${secondsOf(soaksUntilMs - nowMs)}`]),
    ...failures.map(({ node, phase, reason }) =>
      `  failed: ${node}  ${phase ?? "no answer in time"}  ${reason ?? ""}`.trimEnd(),
    ),
  ];
}

const secondsOf = (ms: number): string => `${Math.max(0, Math.ceil(ms / 1_000))} s`;

/** `#` has it, `!` failed, `~` gone on in spite of, `.` away, `-` not yet. */
export function waveBar({ nodes, succeeded, failed, forgiven, away, waiting, state }: WaveView): string {
  const parts = [
    ["#", succeeded],
    ["!", failed],
    ["~", forgiven],
    [".", away],
    ["-", waiting],
  ] as const;
  let drawn = "";
  let counted = 0;
  for (const [mark, count] of parts) {
    counted += count;
    const end = nodes === 0 ? 0 : Math.round((counted / nodes) * BAR_WIDTH);
    // A single failure among thousands must be seen.
    drawn += mark.repeat(Math.max(count > 0 && mark === "!" ? 1 : 0, end - drawn.length));
  }
  const words = [
    `${succeeded} of ${nodes}`,
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(forgiven > 0 ? [`${forgiven} failed before`] : []),
    ...(away > 0 ? [`${away} away`] : []),
  ];
  return `[${drawn.slice(0, BAR_WIDTH).padEnd(BAR_WIDTH, nodes === 0 ? " " : "-")}] ${state.padEnd(7)} ${words.join(", ")}`;
}

/** What a rollout would do. */
export function planLines({ contract, version, policy, waves, withWayBack, away }: RolloutPlan): readonly string[] {
  const all = waves.flatMap(({ nodes }) => nodes).length;
  return [
    `${contract}@${version}: ${all} nodes in ${waves.length} waves`,
    ...waves.map(({ name, nodes }, index) => `  ${index + 1}  ${name}: ${nodes.length} nodes  ${named(nodes)}`),
    `  ${policyLine(policy)}`,
    `  way back: ${withWayBack} of ${all} nodes have an earlier version`,
    ...(away.length === 0 ? [] : [`  away now: ${away.length}  ${named(away)}`]),
  ];
}

const named = (nodes: readonly string[]): string =>
  nodes.length <= NODES_NAMED ? nodes.join(" ") : `${nodes.slice(0, NODES_NAMED).join(" ")} …`;

/** A policy in one sentence. */
export function policyLine(policy: RolloutPolicy): string {
  const { successPercent, errorPercent, soakMs, onBreach, mode, activation, held } = policy;
  const { notBefore, window, idleOnly } = activation;
  return [
    `gate: ${successPercent} % must succeed, ${errorPercent} % may fail, then ${secondsOf(soakMs)} soak; on a breach ${onBreach}`,
    ...(mode === "shadow" ? ["tried in the shadow"] : []),
    ...(notBefore === null ? [] : [`not before ${notBefore}`]),
    ...(window === null ? [] : [`between ${window.from} and ${window.to} of the plant`]),
    ...(idleOnly ? ["only while no test runs"] : []),
    ...(held ? ["held until somebody starts it"] : []),
  ].join("; ");
}

/** How a tried version differs from what is enforced. */
export function shadowLines(summary: ShadowSummary): readonly string[] {
  const { contract, version, decisions, nodes, newlyBlocked, newlyAllowed, reasons, examples } = summary;
  const verdict = (allow: boolean): string => (allow ? "allowed" : "blocked");
  return [
    `${contract}@${version} in the shadow: ${decisions} decisions of ${nodes} nodes, ${newlyBlocked} newly blocked, ${newlyAllowed} newly allowed`,
    ...reasons.map(({ reason, count }) => `  ${String(count).padStart(6)}  ${reason}`),
    ...examples.map((one) => {
      const why = one.allow ? one.enforcedReasons : one.reasons;
      const words = `${verdict(one.enforcedAllow)}, would have been ${verdict(one.allow)}`;
      return `  ${new Date(one.atMs).toISOString()}  ${one.node}  ${one.test ?? "-"}  ${words}: ${why.join(", ")}`;
    }),
  ];
}

/** Why a node does not run what it should. */
export function whyNotLines({ node, live, lastSeenMs, contracts }: WhyNot): readonly string[] {
  const seen = lastSeenMs === null ? "never seen" : `last heard ${new Date(lastSeenMs).toISOString()}`;
  return [
    `${node}  ${live ? "connected" : seen}`,
    ...(contracts.length === 0 ? ["  no contract is meant for it, so that every test is blocked"] : []),
    ...contracts.flatMap(({ contract, runs, newest, upToDate, because, toDo }) => [
      `  ${upToDate ? "ok " : "not"}  ${contract}  runs ${runs ?? "nothing"}, newest ${newest ?? "none"}: ${because}`,
      ...(toDo === null ? [] : [`       to do: ${toDo}`]),
    ]),
  ];
}
