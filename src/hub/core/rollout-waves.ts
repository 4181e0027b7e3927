import { hash } from "node:crypto";
import { parseWave, type RolloutPolicy, type WaveSpec } from "./rollout-policy.ts";

/** What a wave may pick a node by. */
export interface PlanNode {
  readonly id: string;
  readonly station: string;
  readonly stationType: string;
  readonly attributes: readonly string[];
  readonly plantZone: string;
}

export interface Wave {
  /** The words it was picked by; `rest` for those that no other wave took. */
  readonly name: string;
  readonly nodes: readonly string[];
}

const REST = "rest";

/**
 * Shares nodes out. Which of them come first is the release's own throw of the dice, the same on every run: else the same
 * stations would try every new version on behalf of the others. Whoever no wave names comes last.
 */
export function planWaves(release: string, nodes: readonly PlanNode[], policy: RolloutPolicy): readonly Wave[] {
  let left: readonly PlanNode[] = nodes
    .map((node) => ({ node, lot: hash("sha256", `${release}/${node.id}`, "hex") }))
    .sort((a, b) => (a.lot < b.lot ? -1 : 1))
    .map(({ node }) => node);
  const waves: Wave[] = [];
  for (const name of policy.waves) {
    const spec = parseWave(name);
    // Whoever plans has read the policy's mistakes already.
    if (!spec.ok) throw new RangeError(spec.error);
    const picked = new Set(pick(spec.value, left, nodes.length));
    waves.push({ name, nodes: left.filter((node) => picked.has(node)).map(({ id }) => id) });
    left = left.filter((node) => !picked.has(node));
  }
  if (left.length > 0) waves.push({ name: REST, nodes: left.map(({ id }) => id) });
  return waves;
}

function pick(spec: WaveSpec, left: readonly PlanNode[], total: number): readonly PlanNode[] {
  switch (spec.kind) {
    case "percent":
      return left.slice(0, Math.max(0, Math.ceil((total * spec.upTo) / 100) - (total - left.length)));
    case "count":
      return left.slice(0, spec.nodes);
    case "label":
      return left.filter((node) => labelsOf(node)[spec.label].includes(spec.value));
  }
}

const labelsOf = ({ id, station, stationType, attributes, plantZone }: PlanNode) => ({
  node: [id],
  station: [station],
  type: [stationType],
  attribute: attributes,
  zone: [plantZone],
});
