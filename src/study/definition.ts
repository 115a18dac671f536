/** What makes a study the one it is. With the same definition, the same results give the same table. */
import { hash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { fail } from '../errors.ts';
import type { NetworkIO } from '../network/network.ts';
import { spaceDigest } from '../space/digest.ts';
import type { Genome } from '../space/genome.ts';
import type { SearchSpace } from '../space/space.ts';
import type { Json, StudyStorage } from '../storage/storage.ts';
import type { Observation, Strategy, ZeroCostProxy } from '../strategy/strategy.ts';
import type { Scorer } from './asking.ts';
import type { Foreseen } from './foreseen.ts';
import type { Constraint, Objective } from './trial.ts';

/** What a study is; the same definition gives the same trials. */
export interface StudyDefinition {
  /** What is searched. */
  readonly space: SearchSpace;
  /** Shape of the images and number of classes that networks are built for. */
  readonly io: NetworkIO;
  /** Of which the name is written down: another strategy of the same name is not noticed. */
  readonly strategy: Strategy;
  /** One or more; the first decides which trial is the best one. */
  readonly objectives: readonly Objective[];
  /** Bounds that a result must keep; those on what is known before training are kept while candidates are proposed. */
  readonly constraints: readonly Constraint[];
  /** Decides over everything random. */
  readonly seed: string | number;
  /** Trials that may run at once, a whole number ≥ 1. Part of the definition: another number gives another table. */
  readonly parallelism: number;
  /** Costs of the levels that a trial may be evaluated at, > 0 and ascending, in any one unit; `[1]` by default. */
  readonly fidelities?: readonly number[];
  /** Measures that are known before training, beside cost; none by default. */
  readonly foreseen?: Foreseen;
  /** Genomes to propose first, in order, where they can be built and meet the bounds; none by default. */
  readonly startWith?: readonly Genome[];
  /**
   * Trials of earlier studies of the same space, objectives and constraints, for the strategy to learn from; none by
   * default. Their `fidelity` is one of this study's; those of the highest are not proposed again.
   */
  readonly earlier?: readonly Observation[];
  /** Cheap scores that the strategy may use; none by default. */
  readonly proxies?: readonly ZeroCostProxy[];
  /**
   * Cheap scores that take some time; the strategy finds them among its proxies, and the study keeps them. None by
   * default.
   */
  readonly scorers?: readonly Scorer[];
}

const ARTEFACT = 'study';

/**
 * What would make a study that asks for nothing, or that no figure of can be right.
 * @throws USAGE with the field
 */
export function checkDefinition({ objectives, constraints, parallelism, fidelities }: StudyDefinition): void {
  const refuse = (field: string, is: string, hint: string): never =>
    fail('USAGE', { what: `The study's ${field} ${is}`, hint });
  if (objectives.length === 0)
    refuse('objectives', 'are empty', 'Give at least one measure to maximise or minimise.');
  for (const { measure, max } of constraints)
    if (!(max > 0))
      refuse(`bound on ${measure}`, `is ${max}`, 'Give a number above 0, in the unit of the measure.');
  if (!(Number.isInteger(parallelism) && parallelism > 0))
    refuse(
      'parallelism',
      `is ${parallelism}`,
      'Give how many trials may run at once, a whole number above 0.',
    );
  const levels = fidelities ?? [1];
  if (
    levels.length === 0 ||
    !levels.every((cost, i) => Number.isFinite(cost) && cost > 0 && cost >= (levels[i - 1] ?? 0))
  )
    refuse(
      'fidelities',
      `are ${JSON.stringify(levels)}`,
      'Give the cost of each level, above 0 and ascending.',
    );
}

/** What is written down of a study's definition; null when there is none yet. */
export async function readDefinition(storage: StudyStorage): Promise<Readonly<Record<string, Json>> | null> {
  return (await storage.artefact(ARTEFACT)) as Readonly<Record<string, Json>> | null;
}

/** Counts the ways in which networks were hashed: trials of two of them cannot be told apart from repetitions. */
export const HASHES = 2;

/**
 * Keeps the definition with the trials when there is none yet. Trials of two definitions in one table would be neither
 * repeatable nor comparable, so another definition is refused.
 * @throws STUDY_CHANGED
 */
export async function claimDefinition(definition: StudyDefinition, storage: StudyStorage): Promise<void> {
  const now = asJson(definition);
  const former = await readDefinition(storage);
  if (former === null) return storage.putArtefact(ARTEFACT, now);
  if (former.hashes !== HASHES)
    fail('STUDY_CHANGED', {
      name: 'hashes of networks of form',
      former: JSON.stringify(former.hashes ?? 1),
      now: JSON.stringify(HASHES),
    });
  // A study of an earlier version does not have them all.
  for (const [name, value] of Object.entries(now))
    if (Object.hasOwn(former, name) && !isDeepStrictEqual(value, former[name]))
      fail('STUDY_CHANGED', { name, former: JSON.stringify(former[name]), now: JSON.stringify(value) });
}

/** What of the definition can be written down: of the strategy its name, of the space also what it builds. */
function asJson(definition: StudyDefinition): { readonly [name: string]: Json } {
  const { space, io, strategy, objectives, constraints, seed, parallelism, fidelities = [1] } = definition;
  const { startWith = [], earlier = [], proxies = [], scorers = [] } = definition;
  // JSON has no infinity, and an infinite bound bounds nothing.
  const bounds = constraints.filter(({ max }) => Number.isFinite(max));
  const values = {
    hashes: HASHES,
    space: space.name,
    'digest of the space': spaceDigest(space, io),
    io,
    strategy: strategy.name,
    objectives,
    constraints: bounds,
    seed,
    parallelism,
    fidelities,
    'genomes to start with': startWith,
    'earlier trials': earlier.length === 0 ? null : hash('sha256', JSON.stringify(earlier), 'hex'),
    proxies: [...proxies, ...scorers].map(({ name }) => name),
  };
  return JSON.parse(JSON.stringify(values));
}
