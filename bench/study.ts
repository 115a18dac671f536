/**
 * What a search costs beside its trainings, in processor time: listing a space, suggestions, zero-cost proxies.
 *
 * Run: npx tsx bench/study.ts [--space nasbench201] [--strategy auto] [--trials 30] [--networks 10]
 */

import {
  createMemoryStorage,
  createRandom,
  drawnDataset,
  loadSpace,
  openStudy,
  PROXIES,
  proxySetting,
  runStudy,
  STRATEGIES,
  sampleGenome,
} from '../src/index.ts';
import { commandLine } from './command-line.ts';

const { values } = commandLine(import.meta.url, {
  options: {
    space: { type: 'string', default: 'nasbench201' },
    strategy: { type: 'string', default: 'auto' },
    trials: { type: 'string', default: '30' },
    networks: { type: 'string', default: '10' },
  },
});
const space = await loadSpace(values.space);
const strategy = STRATEGIES[values.strategy as keyof typeof STRATEGIES];
const median = (numbers: readonly number[]): number =>
  [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;

/** Processor time of this process in milliseconds: on a machine that others use too, it says more than the clock. */
const cpuMs = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

/** As in CIFAR-10. */
const io = { inputShape: [3, 32, 32], outputs: 10 } as const;

const study = await openStudy(
  {
    space,
    io,
    strategy,
    objectives: [{ measure: 'valAccuracy', direction: 'maximise' }],
    constraints: [],
    seed: 1,
    parallelism: 1,
  },
  createMemoryStorage(),
);
let since = cpuMs();
const times: number[] = [];
await runStudy({
  study,
  trials: Number(values.trials),
  deadline: null,
  signal: new AbortController().signal,
  onStarted: () => times.push(cpuMs() - since),
  evaluate: async ({ trial }) => {
    const valAccuracy =
      1 - Math.exp(-Math.log10(trial.measures.macs!) / 4) + 0.01 * createRandom(trial.hash).next();
    since = cpuMs();
    return { state: 'complete', measures: { valAccuracy }, curve: [], reason: null };
  },
});
const slowest = times.slice(1).reduce((a, b) => Math.max(a, b), 0);
console.log(
  `${space.name}, ${strategy.name}: first suggestion ${times[0]!.toFixed(0)} ms, ` +
    `after it median ${median(times.slice(1)).toFixed(1)} ms, longest ${slowest.toFixed(0)} ms, ` +
    `${(process.memoryUsage().rss / 2 ** 20).toFixed(0)} MiB`,
);

const { dataset } = drawnDataset({ seed: 1, train: 500, val: 50, test: 50 });
const setting = proxySetting(dataset, 1, 1);
const small = {
  inputShape: [dataset.channels, dataset.height, dataset.width],
  outputs: dataset.classes.length,
} as const;
const networks = Array.from({ length: Number(values.networks) }, (_, i) =>
  space.build(sampleGenome(space, createRandom(i), 'decisions'), small),
);
for (const [name, proxy] of Object.entries(PROXIES)) {
  const took: number[] = [];
  for (const network of networks) {
    const began = cpuMs();
    await proxy.score(network, setting);
    took.push(cpuMs() - began);
  }
  console.log(
    `${name}: median ${median(took).toFixed(1)} ms a score (${small.inputShape.join('×')}, one thread)`,
  );
}
