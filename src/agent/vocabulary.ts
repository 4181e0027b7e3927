import { editDistance } from "../base/edit-distance.ts";
import type { Bundle } from "../model/bundle.ts";
import type { StationRegister } from "../model/documents.ts";

/** The names that evidence at this node may use: those of the active contracts and of the station's register. */
export interface Vocabulary {
  /** Asset ids, and roles as other names for them. */
  readonly assetOf: (name: string) => string | undefined;
  readonly assets: readonly string[];
  /** Ids that the register lists: what stands here for sure. */
  readonly registered: ReadonlyMap<string, StationRegister["assets"][number]>;
  /** Quantity → canonical unit, without the computed ones. */
  readonly quantities: ReadonlyMap<string, string>;
  readonly steps: ReadonlySet<string>;
  /** Lot or material name → the lot id that snapshots use. */
  readonly materialOf: (name: string) => string | undefined;
  readonly materials: readonly string[];
  /** Names a person may type for an asset, a quantity or a step, for suggestions. */
  readonly assetNames: readonly string[];
}

export function vocabularyOf(bundles: readonly Bundle[], register: StationRegister | null): Vocabulary {
  const registered = new Map((register?.assets ?? []).map((asset) => [asset.id, asset]));
  const names = new Map<string, string>();
  const materials = new Map<string, string>();
  const quantities = new Map<string, string>();
  const steps = new Set<string>();
  for (const bundle of bundles) {
    for (const { name, asset } of bundle.equipment) if (asset !== null) names.set(name, asset);
    for (const { name, lot } of bundle.materials) materials.set(name, lot ?? name);
    for (const { name, unit, difference } of bundle.quantities) if (difference === null) quantities.set(name, unit);
    for (const clause of bundle.clauses) if (clause.kind === "acknowledgement") steps.add(clause.step);
  }
  for (const [role, asset] of Object.entries(register?.roles ?? {})) names.set(role, asset);
  const assets = new Set([...names.values(), ...registered.keys()]);
  const lots = new Set(materials.values());
  return {
    // An asset's own id goes before a role that happens to be spelled alike.
    assetOf: (name) => (assets.has(name) ? name : names.get(name)),
    assets: [...assets].sort(),
    registered,
    quantities,
    steps,
    materialOf: (name) => (lots.has(name) ? name : materials.get(name)),
    materials: [...lots].sort(),
    assetNames: [...new Set([...assets, ...names.keys()])].sort(),
  };
}

const SUGGESTIONS = 3;

/** Up to three names spelled like `word`, nearest first; all of them where there are no more than three. */
export function nearestNames(word: string, names: Iterable<string>): readonly string[] {
  const lower = word.toLowerCase();
  const ranked = [...names]
    .map((name) => ({ name, distance: editDistance(lower, name.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1));
  const near = ranked.filter(({ distance }) => distance <= Math.max(2, word.length / 2));
  return (near.length > 0 || ranked.length > SUGGESTIONS ? near : ranked).slice(0, SUGGESTIONS).map(({ name }) => name);
}
