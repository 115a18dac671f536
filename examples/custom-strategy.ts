/**
 * A search strategy of your own: a function from the history to the next genome. This one changes the best of what it has
 * seen in one decision, and now and then looks elsewhere.
 *
 * Run: npx tsx examples/custom-strategy.ts
 * Search with it: npx espalier search ./my-images --strategy examples/custom-strategy.ts
 * Compare it: npx espalier bench table --table … --strategy examples/custom-strategy.ts,evolution,random --evaluations 100
 * In your own project, import from 'espalier'.
 */
import {
  createMemoryStorage,
  mutateGenome,
  openStudy,
  PRESETS,
  runStudy,
  STRATEGIES,
  type Strategy,
} from '../src/index.ts';

const ELSEWHERE = 0.2;
const ATTEMPTS = 50;

/** Pure: what it knows is in the request, and what is random comes from `random`. So a search can be resumed and repeated. */
const greedy: Strategy = {
  name: 'greedy',
  description: 'Changes the best network in one decision.',
  suggest({ space, history, random, accept, draw }) {
    // Values are to be maximised, whatever the objective; trials may have failed, or broken a bound.
    const worth = (values: readonly number[] | null): number => values?.[0] ?? Number.NEGATIVE_INFINITY;
    const usable = history.filter(
      (o) => o.state === 'complete' && o.feasible && !Number.isNaN(worth(o.values)),
    );
    const best = usable.toSorted((a, b) => worth(b.values) - worth(a.values))[0];
    if (best !== undefined && random.next() > ELSEWHERE)
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const genome = mutateGenome(space, best.genome, random);
        // Can be built, keeps the bounds that are known before training, and was not proposed before.
        if (accept(genome)) return { genome, note: 'changed' };
      }
    const genome = draw(random);
    return genome === null ? null : { genome, note: 'elsewhere' };
  },
};
export default greedy;

/** Searches the most accurate network of a made-up accuracy, which is known at once. */
async function try30(strategy: Strategy): Promise<number> {
  const study = await openStudy(
    {
      space: PRESETS['nats-size'],
      io: { inputShape: [3, 32, 32], outputs: 10 },
      strategy,
      objectives: [{ measure: 'valAccuracy', direction: 'maximise' }],
      constraints: [],
      seed: 1,
      parallelism: 1,
    },
    createMemoryStorage(),
  );
  let best = 0;
  await runStudy({
    study,
    evaluate: async ({ trial }) => {
      const { params = 0, macs = 0 } = trial.measures;
      const valAccuracy = (1 - Math.exp(-params / 2e5)) * Math.exp(-macs / 2e8);
      best = Math.max(best, valAccuracy);
      return { state: 'complete', measures: { valAccuracy }, curve: [], reason: null };
    },
    trials: 30,
    deadline: null,
    signal: new AbortController().signal,
  });
  return best;
}

async function compare(): Promise<void> {
  for (const strategy of [greedy, STRATEGIES.random])
    console.log(`${strategy.name}: best of 30 ${(await try30(strategy)).toFixed(4)}`);
}

// Not where a search imports this file.
if (process.argv[1]?.endsWith('custom-strategy.ts')) void compare();
