/** The part of the strategy suite that runs whole studies: killed, gone on with, and with results in any order. */
import assert from 'node:assert/strict';
import { createRandom } from '../random.ts';
import { createMemoryStorage } from '../storage/memory.ts';
import type { StudyStorage } from '../storage/storage.ts';
import type { Strategy } from '../strategy/strategy.ts';
import type { StudyDefinition } from '../study/definition.ts';
import { runStudy } from '../study/run-study.ts';
import { type Asked, type Outcome, openStudy } from '../study/study.ts';
import { NESTED } from './suite-spaces.ts';
import type { TestFunction } from './test-function.ts';

const TRIALS = 18;
/** Evaluations after which a session dies. */
const SESSIONS = [5, 7, Number.POSITIVE_INFINITY];
const PARALLEL = [1, 4];

/** @internal */
export function studiesPart(test: TestFunction, strategy: Strategy): void {
  for (const parallelism of PARALLEL)
    test(`${strategy.name}: a study of it, killed and gone on with, results in any order, ${parallelism} at once, has the same trials`, async () => {
      const undisturbed = createMemoryStorage();
      await session(strategy, parallelism, undisturbed, Number.POSITIVE_INFINITY, () => 0);
      const disturbed = createMemoryStorage();
      for (const [i, length] of SESSIONS.entries()) {
        const order = createRandom('order').split(i);
        await session(strategy, parallelism, disturbed, length, () => order.int(5));
      }
      assert.deepEqual(await tableOf(disturbed), await tableOf(undisturbed));
    });
}

/** Runs until the end, or until so many evaluations were begun; those under way then are lost. */
async function session(
  strategy: Strategy,
  parallelism: number,
  storage: StudyStorage,
  length: number,
  turns: () => number,
): Promise<void> {
  const definition: StudyDefinition = {
    space: NESTED,
    io: { inputShape: [1, 2, 2], outputs: 2 },
    strategy,
    objectives: [{ measure: 'valAccuracy', direction: 'maximise' }],
    constraints: [{ measure: 'latencyMs', max: 0.7 }],
    seed: 'suite',
    parallelism,
    fidelities: [1, 3, 9].slice(-(strategy.levels ?? 1)),
  };
  const study = await openStudy(definition, storage);
  const death = new AbortController();
  let left = length;
  await runStudy({
    study,
    trials: TRIALS,
    deadline: null,
    signal: death.signal,
    evaluate: async (asked) => {
      if (left-- <= 0) death.abort();
      for (let turn = turns(); turn > 0; turn--) await new Promise((resolve) => setImmediate(resolve));
      return outcomeOf(asked);
    },
  });
}

/** All that can become of a trial, by its network and its level alone. */
function outcomeOf({ trial }: Asked): Outcome {
  const random = createRandom(trial.hash).split(trial.fidelity);
  const [valAccuracy, latencyMs, fate] = [random.next(), random.next(), random.int(8)];
  const outcome = { curve: [], reason: null };
  if (fate === 0) return { ...outcome, state: 'failed', measures: {}, reason: 'made to fail' };
  if (fate === 1) return { ...outcome, state: 'complete', measures: { valAccuracy: Number.NaN } };
  if (latencyMs > 0.7 && fate < 5) return { ...outcome, state: 'pruned', measures: { latencyMs } };
  return { ...outcome, state: 'complete', measures: { valAccuracy, latencyMs } };
}

async function tableOf(storage: StudyStorage): Promise<unknown> {
  return (await storage.trials()).map(({ startedAt: _started, endedAt: _ended, ...rest }) => rest);
}
