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
  readonly space: SearchSpace;
  readonly io: NetworkIO;
  readonly strategy: Strategy;
  readonly objectives: readonly Objective[];
  readonly constraints: readonly Constraint[];
  readonly seed: string | number;
  /** Trials that may run at once, ≥ 1. Part of the definition: another number gives another table. */
  readonly parallelism: number;
  /** Costs of the levels that a trial may be evaluated at, ascending; `[1]` when there is but one. */
  readonly fidelities?: readonly number[];
  /** Measures that are known before training, beside cost; none by default. */
  readonly foreseen?: Foreseen;
  /** Genomes to propose first, in order, where they can be built and meet the bounds. */
  readonly startWith?: readonly Genome[];
  /**
   * Trials of earlier studies of the same space, objectives and constraints, for the strategy to learn from. Their
   * `fidelity` is one of this study's; those of the highest are not proposed again.
   */
  readonly earlier?: readonly Observation[];
  /** Cheap scores that the strategy may use; none by default. */
  readonly proxies?: readonly ZeroCostProxy[];
  /** Cheap scores that take some time; the strategy finds them among its proxies. */
  readonly scorers?: readonly Scorer[];
}

const ARTEFACT = 'study';

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
