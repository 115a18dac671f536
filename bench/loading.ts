/**
 * Which share of a training step the loading of its batch costs: order, augmentation, normalisation, labels.
 *
 *   npm run bench:loading -- [--data NAME]… [--space NAME]… [--threads 1] [--rounds 7] [--seconds 1] [--json]
 *
 * For each kind of data and preset, the smallest and the middle one of some drawn networks train by the search's recipe,
 * in turns of a second: with the loader, and on one batch that stays where it is. Images are random bytes: what is in them
 * changes nothing. Time is the process's processor time, which says the same on a machine that others use too.
 * With `--json` the last line is `{"results":[{"data","space","network","batch","stepMs","residentMs","loaderMs","share"}]}`.
 */
import { crossEntropy } from '../src/autodiff/losses/cross-entropy.ts';
import { OPTIMISERS } from '../src/autodiff/optimisers/index.ts';
import { pack } from '../src/autodiff/parameter-layout.ts';
import { trainingGraph } from '../src/autodiff/training-graph.ts';
import { NO_AUGMENTATION } from '../src/data/augment.ts';
import { createBatcher } from '../src/data/batches.ts';
import type { Augmentation, ImageDataset } from '../src/data/dataset.ts';
import { defaultPlan } from '../src/estimation/default-plan.ts';
import { networkCost } from '../src/network/cost.ts';
import { initialWeights } from '../src/network/initialise.ts';
import type { Network } from '../src/network/network.ts';
import { networkToOnnx } from '../src/network/to-onnx.ts';
import { createRandom } from '../src/random.ts';
import { loweringTarget } from '../src/runtime/lowering-target.ts';
import { PRESETS } from '../src/space/presets/index.ts';
import { sampleGenome } from '../src/space/sampling.ts';
import { createStepper } from '../src/train/step.ts';
import { commandLine } from './command-line.ts';

const { values } = commandLine(import.meta.url, {
  options: {
    data: { type: 'string', multiple: true },
    space: { type: 'string', multiple: true },
    threads: { type: 'string', default: '1' },
    rounds: { type: 'string', default: '7' },
    /** Of each side in each round, in processor time. */
    seconds: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
  },
});

interface Data {
  readonly shape: readonly [1 | 3, number, number];
  /** Training images of the whole set, which decide the batch; no more than some thousand are kept here. */
  readonly count: number;
  /** What the search chooses for such data by itself (suitable-augmentation.ts). */
  readonly augmentation: Augmentation;
}
const DATA: Readonly<Record<string, Data>> = {
  mnist: {
    shape: [1, 28, 28],
    count: 54_000,
    augmentation: { ...NO_AUGMENTATION, shift: 3, rotate: 10, scale: 0.1 },
  },
  cifar10: { shape: [3, 32, 32], count: 45_000, augmentation: { ...NO_AUGMENTATION, flip: true, shift: 2 } },
  // A few thousand scans on black ground: everything that a small set gets.
  'grey-128': {
    shape: [1, 128, 128],
    count: 4_000,
    augmentation: { ...NO_AUGMENTATION, flip: true, shift: 10, rotate: 10, scale: 0.1, jitter: 0.1 },
  },
};
const CLASSES = 10;
const KEPT = 4000;
const DRAWN = 15;

function datasetOf(name: string, { shape, count }: Data): ImageDataset {
  const [channels, height, width] = shape;
  const random = createRandom(name);
  const kept = Math.min(KEPT, count);
  const images = new Uint8Array(kept * channels * height * width);
  // Half of the pixels at random, as much as any table look-up can be surprised by.
  for (let i = 0; i < images.length; i += 2) images[i] = random.int(256);
  const split = {
    count: kept,
    images,
    labels: Uint16Array.from({ length: kept }, () => random.int(CLASSES)),
  };
  return {
    name,
    classes: Array.from({ length: CLASSES }, (_, i) => String(i)),
    channels,
    height,
    width,
    train: split,
    val: split,
    test: null,
    normalisation: { mean: new Array(channels).fill(0.5), std: new Array(channels).fill(0.25) },
    fingerprint: name,
  };
}

/** The smallest and the middle one, by multiply-accumulates. */
function networksOf(space: keyof typeof PRESETS, data: Data): readonly (readonly [string, Network])[] {
  const io = { inputShape: data.shape, outputs: CLASSES };
  const found = Array.from({ length: DRAWN }, (_, i) => {
    const preset = PRESETS[space];
    return preset.build(sampleGenome(preset, createRandom('loading').split(i)) as never, io);
  });
  const sorted = found.toSorted((a, b) => networkCost(a).macs - networkCost(b).macs);
  return [
    ['smallest', sorted[0]!],
    ['middle', sorted[DRAWN >> 1]!],
  ];
}

/** Milliseconds of processor time so far. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

interface Times {
  readonly steps: number;
  readonly ms: number;
  /** Of that, waiting for the batch. */
  readonly loaderMs: number;
}

async function measure(network: Network, dataset: ImageDataset, data: Data) {
  const plan = defaultPlan({
    classCounts: new Array(CLASSES).fill(data.count / CLASSES),
    fidelity: { epochs: 4, dataShare: 1 },
    augmentation: data.augmentation,
    final: false,
  });
  if (plan.optimiser.kind !== 'sgd') throw new Error('the recipe has another optimiser now');
  const random = createRandom('bench');
  const weights = initialWeights(network, random);
  const model = networkToOnnx(network, weights, { mode: 'training', batch: plan.batchSize });
  const graph = trainingGraph(model, crossEntropy(), OPTIMISERS.sgd(plan.optimiser), {
    trainable: (name) => weights.has(name),
    clipNorm: plan.clipNorm,
    target: await loweringTarget(),
  });
  const start = new Map([
    ['parameters', pack(graph.parameters, weights)],
    ['statistics', pack(graph.statistics, weights)],
  ]);
  const stepper = await createStepper(graph, start, new Float32Array(graph.parameters.length), {
    threads: Number(values.threads),
  });
  const batcher = createBatcher(dataset.train, dataset, {
    ...plan,
    random: random.split('batches'),
    dropLast: true,
  });
  let epochs = 0;
  function* endless() {
    for (;;) yield* batcher.epoch(epochs++);
  }
  const batches = endless();
  const resident = batches.next().value!;

  async function turn(loads: boolean): Promise<Times> {
    let [steps, loaderMs] = [0, 0];
    const began = cpuMs();
    while (cpuMs() - began < 1000 * Number(values.seconds)) {
      const before = cpuMs();
      const batch = loads ? batches.next().value! : resident;
      loaderMs += cpuMs() - before;
      await stepper.step(
        {
          feeds: {
            input: { dtype: 'float32', shape: [plan.batchSize, ...data.shape], data: batch.images },
            labels: { dtype: 'float32', shape: [plan.batchSize, CLASSES], data: batch.labels },
          },
          // Random labels: nothing is to be learnt.
          learningRate: 1e-4,
        },
        random,
      );
      steps++;
    }
    return { steps, ms: cpuMs() - began, loaderMs };
  }
  for (const loads of [true, false]) await turn(loads);
  const turns = { loaded: [] as Times[], resident: [] as Times[] };
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const loads of round % 2 === 0 ? [true, false] : [false, true])
      turns[loads ? 'loaded' : 'resident'].push(await turn(loads));
  }
  await stepper.release();
  const median = (numbers: readonly number[]): number =>
    numbers.toSorted((a, b) => a - b)[numbers.length >> 1]!;
  return {
    batch: plan.batchSize,
    stepMs: median(turns.loaded.map((t) => t.ms / t.steps)),
    residentMs: median(turns.resident.map((t) => t.ms / t.steps)),
    loaderMs: median(turns.loaded.map((t) => t.loaderMs / t.steps)),
    /** Of the step with the loader. */
    share: median(turns.loaded.map((t) => t.loaderMs / t.ms)),
  };
}

const spaces = (values.space ?? ['residual', 'mobile', 'repvgg']) as (keyof typeof PRESETS)[];
const results = [];
console.log('data      space     network      MMACs batch   step ms  resident  loader  share %');
for (const name of values.data ?? Object.keys(DATA)) {
  const data = DATA[name]!;
  const dataset = datasetOf(name, data);
  for (const space of spaces)
    for (const [size, network] of networksOf(space, data)) {
      const found = await measure(network, dataset, data);
      results.push({ data: name, space, network: size, ...found });
      console.log(
        [
          name.padEnd(9),
          space.padEnd(9),
          size.padEnd(9),
          (networkCost(network).macs / 1e6).toFixed(1).padStart(8),
          String(found.batch).padStart(5),
          found.stepMs.toFixed(2).padStart(9),
          found.residentMs.toFixed(2).padStart(9),
          found.loaderMs.toFixed(2).padStart(7),
          (100 * found.share).toFixed(1).padStart(8),
        ].join(' '),
      );
    }
}
if (values.json) console.log(JSON.stringify({ results }));
