/**
 * What a search begins with beside its data: genomes to try first, and the trials of earlier runs. Read once and kept with
 * the run, so that a resumed search does not depend on files that may have changed.
 */
import { existsSync } from 'node:fs';
import { fail } from '../errors.ts';
import { fidelityLadder } from '../estimation/fidelity.ts';
import type { NetworkIO } from '../network/network.ts';
import { spaceDigest } from '../space/digest.ts';
import type { SearchSpace } from '../space/space.ts';
import { openSqlite } from '../storage/sqlite.ts';
import type { Observation } from '../strategy/strategy.ts';
import { HASHES, readDefinition } from '../study/definition.ts';
import { observe } from '../study/observe.ts';
import type { Constraint, Objective, Trial } from '../study/trial.ts';
import { findStrategy } from './find-strategy.ts';
import { chooseFront } from './front.ts';
import type { SearchOptions } from './options.ts';
import type { SearchPlan } from './plan.ts';
import { get, type HeadStart } from './record.ts';
import { runFolder } from './run-folder.ts';
import { readStartGenomes } from './start-genomes.ts';

/** A run's finished trials and what their figures depend on. */
interface EarlierRun {
  readonly path: string;
  readonly trials: readonly Trial[];
  readonly io: NetworkIO;
  readonly fingerprint: string | null;
  readonly resolution: number;
  /** Training images that a trial of each fidelity goes through, in sets of all of them. */
  readonly costs: readonly number[];
}

/** Where values do not compare, so many of the best networks are evaluated again. */
const EVALUATED_AGAIN = 5;

/** Everything that can be wrong with the files, before anything else is done. @throws WARM_START */
export async function checkHeadStart(
  { startWith, warmFrom, objectives }: Pick<SearchOptions, 'startWith' | 'warmFrom' | 'objectives'>,
  space: SearchSpace,
): Promise<void> {
  if (startWith !== null) await readStartGenomes(startWith, space);
  for (const path of warmFrom) await readRun(path, space, objectives);
}

/** @throws WARM_START */
export async function readHeadStart(request: {
  readonly options: Pick<SearchOptions, 'startWith' | 'warmFrom' | 'objectives'>;
  readonly plan: SearchPlan;
  readonly space: SearchSpace;
  readonly io: NetworkIO;
  readonly fingerprint: string;
  readonly fidelities: readonly number[];
  readonly constraints: readonly Constraint[];
}): Promise<HeadStart> {
  const { options, plan, space, io, fingerprint, fidelities, constraints } = request;
  const { objectives } = options;
  const genomes = options.startWith === null ? [] : [...(await readStartGenomes(options.startWith, space))];
  const earlier: Observation[] = [];
  const notes: string[] = [];
  for (const path of options.warmFrom) {
    const run = await readRun(path, space, objectives);
    const same =
      run.fingerprint === fingerprint &&
      run.resolution === plan.resolution &&
      JSON.stringify(run.io) === JSON.stringify(io);
    const levelOf = ({ fidelity }: Trial): number =>
      same ? fidelities.findIndex((cost) => near(cost, run.costs[fidelity] ?? Number.NaN)) : -1;
    const known = run.trials.filter((trial) => levelOf(trial) >= 0);
    for (const trial of known)
      earlier.push(observe({ ...trial, fidelity: levelOf(trial) }, objectives, constraints));
    const others = run.trials.filter((trial) => levelOf(trial) < 0);
    const again = chooseFront(others, objectives, constraints, EVALUATED_AGAIN);
    genomes.push(...again.map(({ genome }) => genome));
    notes.push(
      `of ${path}, ${known.length} trials are learnt from` +
        (others.length === 0
          ? ''
          : `; ${others.length} were trained on other data or for another time, and the best ${again.length} of them are tried again`),
    );
  }
  // Numbered as trials before the first, so that no two have one number.
  const numbered = earlier.map((observation, i) => ({ ...observation, number: i - earlier.length }));
  return { genomes, earlier: numbered, notes };
}

const near = (a: number, b: number): boolean => Math.abs(a - b) <= 1e-9 * Math.abs(a);

async function readRun(
  path: string,
  space: SearchSpace,
  objectives: readonly Objective[],
): Promise<EarlierRun> {
  const wrong = (reason: string, hint: string): never => fail('WARM_START', { from: path, reason, hint });
  const { database } = runFolder(path);
  if (!existsSync(database))
    wrong('there is no run', 'Give the folder of a run; `espalier studies` lists them.');
  const storage = await openSqlite(database, { mode: 'read' });
  try {
    const definition = await readDefinition(storage);
    const options = await get(storage, 'options');
    const plan = await get(storage, 'plan');
    if (definition === null || options === null || plan === null)
      return wrong('it has no trials yet', 'Leave it out, or let it come further first.');
    const io = definition.io as unknown as NetworkIO;
    if (definition.space !== space.name)
      wrong(
        `it searched the space "${String(definition.space)}", not "${space.name}"`,
        'Give runs of the same space.',
      );
    if (definition.hashes !== HASHES)
      wrong(
        'it was written by an older Espalier, which told networks apart in another way',
        `Begin with its best networks instead: --start-with ${path}/trials.json`,
      );
    if (definition['digest of the space'] !== spaceDigest(space, io))
      wrong(
        `the space "${space.name}" has changed since`,
        'Give runs of the space as it is now, or begin with genomes: --start-with trials.json',
      );
    const trials = (await storage.trials()).filter(({ endedAt }) => endedAt !== null);
    const complete = trials.filter(({ state }) => state === 'complete');
    for (const { measure } of objectives)
      if (complete.length > 0 && !complete.some(({ measures }) => measures[measure] !== undefined))
        wrong(`it did not measure ${measure}`, 'Give runs that measured all objectives of this search.');
    const ladder = fidelityLadder(plan, findStrategy(options.strategy).levels ?? 1);
    return {
      path,
      trials,
      io,
      fingerprint: await get(storage, 'fingerprint'),
      resolution: plan.resolution,
      costs: ladder.map(({ epochs, dataShare }) => epochs * dataShare),
    };
  } finally {
    await storage.close();
  }
}
