import type { ShadowSummary } from "../hub/alerts/shadow-store.ts";
import type { RolloutEvent } from "../hub/core/rollout-engine.ts";
import type { RolloutPolicy } from "../hub/core/rollout-policy.ts";
import type { Prediction } from "../hub/rollout/predict-flips.ts";
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
  const name = `${contract}@${version}`;
  const head = `${name}  ${status}${mode}`;
  const next = nextStep(view, name);
  return [
    paint?.(status === "paused" || status === "reverted" ? "warning" : "bold", head) ?? head,
    ...(because === null ? [] : [`  ${because.reason} (${because.by}, ${new Date(because.atMs).toISOString()})`]),
    ...waves.map((_, index) => waveLine(waves, index)),
    ...(soaksUntilMs === null ? [] : [`  soaks for another ${secondsOf(soaksUntilMs - nowMs)}`]),
    ...failures
      .slice(0, NODES_NAMED)
      .map(({ node, phase, reason }) =>
        `  failed: ${node}  ${phase ?? "no answer in time"}  ${reason ?? ""}`.trimEnd(),
      ),
    ...(failures.length > NODES_NAMED
      ? [`  and ${failures.length - NODES_NAMED} more: maint rollout show ${name} --json`]
      : []),
    ...(failures.length === 0 ? [] : [`  more of a node: maint why-not ${failures[0]?.node}`]),
    ...(next === null ? [] : [`  to do: ${next}`]),
  ];
}

/** What a person does next; null where time alone goes on. */
function nextStep({ status }: RolloutView, name: string): string | null {
  switch (status) {
    case "held":
      return `maint rollout start ${name}`;
    case "paused":
      return `maint rollout resume ${name} --reason "…" goes on in spite of it, abort --revert takes it back`;
    case "reverted":
      return `mend what failed and start it again (maint rollout start ${name}), or store a better version`;
    default:
      return null;
  }
}

/** One wave of them, its name as wide as the widest. */
export function waveLine(waves: readonly WaveView[], index: number): string {
  const width = Math.max(0, ...waves.map(({ name }) => name.length));
  const wave = waves[index];
  return wave === undefined ? "" : `  ${String(index + 1).padStart(2)}  ${wave.name.padEnd(width)}  ${waveBar(wave)}`;
}

/** The same for two waves whose bars look the same: among ten thousand nodes one more is no news, one failure is. */
export const waveKey = (wave: WaveView): string => `${wave.state} ${wave.failed} ${wave.name} ${barOf(wave)}`;

const secondsOf = (ms: number): string => `${Math.max(0, Math.ceil(ms / 1_000))} s`;

/** `#` has it, `!` failed, `~` gone on in spite of, `=` runs it and has not proved it, `.` away, `-` not yet. */
function barOf({ nodes, succeeded, failed, forgiven, away, proving, waiting }: WaveView): string {
  const parts = [
    ["#", succeeded],
    ["!", failed],
    ["~", forgiven],
    ["=", proving],
    [".", away],
    ["-", waiting - proving],
  ] as const;
  let drawn = "";
  let counted = 0;
  for (const [mark, count] of parts) {
    counted += count;
    const end = nodes === 0 ? 0 : Math.round((counted / nodes) * BAR_WIDTH);
    // A single failure among thousands must be seen.
    drawn += mark.repeat(Math.max(count > 0 && mark === "!" ? 1 : 0, end - drawn.length));
  }
  return drawn.slice(0, BAR_WIDTH).padEnd(BAR_WIDTH, nodes === 0 ? " " : "-");
}

function waveBar(wave: WaveView): string {
  const { nodes, succeeded, failed, forgiven, away, proving, scheduled, state } = wave;
  const words = [
    `${succeeded} of ${nodes}`,
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(forgiven > 0 ? [`${forgiven} failed before`] : []),
    ...(proving > 0 ? [`${proving} ${proving === 1 ? "runs it and proves" : "run it and prove"} it`] : []),
    ...(scheduled > 0 ? [`${scheduled} ${scheduled === 1 ? "waits for its" : "wait for their"} hour`] : []),
    ...(away > 0 ? [`${away} away`] : []),
  ];
  return `[${barOf(wave)}] ${state.padEnd(7)} ${words.join(", ")}`;
}

/** What happened in a rollout, and who did it. */
export function eventLine(event: RolloutEvent, waves: readonly WaveView[]): string {
  const wave = "wave" in event ? `  ${event.wave + 1} ${waves[event.wave]?.name ?? ""}` : "";
  const nodes = event.kind === "joined" || event.kind === "left" ? `  ${named(event.nodes)}` : "";
  const who = "by" in event ? `  by ${event.by}${"reason" in event ? `: ${event.reason}` : ""}` : "";
  return `${new Date(event.atMs).toISOString()}  ${event.kind}${wave}${nodes}${who}`;
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

/** What recorded decisions say about each wave. */
export function predictionLines({ waves }: RolloutPlan, prediction: Prediction | undefined): readonly string[] {
  if (prediction === undefined) return [];
  if (prediction.kind === "pending")
    return ["  what would change: the archive is being read for the first time, ask again in a while"];
  const { days, decisions } = prediction;
  if (decisions === 0) return [`  what would change: nobody knows, no decision of the last ${days} days is archived`];
  return [
    `  what would change, by ${decisions} decisions of the last ${days} days:`,
    ...prediction.waves.flatMap(({ concerned, newlyBlocked, newlyAllowed, nodes }, index) => [
      `    ${index + 1}  ${waves[index]?.name}: of ${concerned} decisions ${newlyBlocked} newly blocked, ${newlyAllowed} newly allowed`,
      ...nodes
        .slice(0, NODES_NAMED)
        .map((one) => `         ${one.node}: ${one.newlyBlocked} newly blocked, ${one.newlyAllowed} newly allowed`),
      ...(nodes.length > NODES_NAMED ? [`         … and ${nodes.length - NODES_NAMED} more nodes`] : []),
    ]),
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
