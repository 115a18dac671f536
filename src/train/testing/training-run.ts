/** The same training run on both sides: Espalier's training graph, and PyTorch in a process of its own. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { crossEntropy } from '../../autodiff/losses/cross-entropy.ts';
import type { Optimiser } from '../../autodiff/optimisers/optimiser.ts';
import { entryVector, pack, unpack } from '../../autodiff/parameter-layout.ts';
import { type TrainingGraphOptions, trainingGraph } from '../../autodiff/training-graph.ts';
import { initialWeights } from '../../network/initialise.ts';
import type { Network } from '../../network/network.ts';
import { networkToOnnx } from '../../network/to-onnx.ts';
import type { Tensor } from '../../onnx/model.ts';
import { createRandom } from '../../random.ts';
import { loweringTarget } from '../../runtime/lowering-target.ts';
import type { Weights } from '../plan.ts';
import { createStepper, type Stepper } from '../step.ts';

export interface TrainingRun {
  readonly network: Network;
  readonly batch: number;
  readonly steps: number;
  readonly learningRate: number;
  readonly weightDecay: number;
  readonly optimiser: Optimiser;
  /** Class of `torch.optim` and its further arguments. */
  readonly torch: { readonly class: string; readonly options: Readonly<Record<string, unknown>> };
  readonly options?: Omit<TrainingGraphOptions, 'movingAverage' | 'dimensions' | 'watch'>;
  readonly threads?: number;
}

export interface RunResult {
  readonly losses: readonly number[];
  readonly weights: Weights;
}

/** Batches that both sides use in turn. */
const BATCHES = 8;
const size = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
const tensor = (shape: readonly number[], data: Float32Array): Tensor => ({ dtype: 'float32', shape, data });

/** Initial weights and batches of a run: images whose class can be learned (or the class of each pixel), soft labels. */
function begin(run: TrainingRun) {
  const random = createRandom('training run');
  const weights = initialWeights(run.network, random.split('weights'));
  const imageShape = run.network.inputs[0]!.shape;
  const inputShape = [run.batch, ...imageShape];
  const output = run.network.outputs[0]!;
  const classes = weights.get(`${output}.weight`)!.shape[0]!;
  const isOfPixels = run.network.nodes.find((n) => n.id === output)!.operator.kind === 'conv';
  const labelShape = [run.batch, classes, ...(isOfPixels ? imageShape.slice(1) : [])];
  const draw = random.split('data');
  const pixels = size(imageShape);
  const places = size(labelShape) / (run.batch * classes);
  const batches = Array.from({ length: BATCHES }, () => {
    const images = Float32Array.from({ length: size(inputShape) }, () => draw.normal());
    const labels = new Float32Array(size(labelShape)).fill(0.1 / classes);
    for (let i = 0; i < run.batch; i++) {
      for (let place = 0; place < places; place++) {
        const label = draw.int(classes);
        labels[(i * classes + label) * places + place]! += 0.9;
        if (isOfPixels) images[i * pixels + place]! += 2 * label;
        else for (let p = label; p < pixels; p += classes) images[i * pixels + p]! += 1;
      }
    }
    return { images, labels };
  });
  return { random, weights, inputShape, labelShape, batches };
}

/** A session of the run with its feeds; `advance` does so many steps and returns their losses. */
export async function startRun(
  run: TrainingRun,
  resume?: { readonly step: number; readonly vectors: ReadonlyMap<string, Tensor> },
) {
  const { random, weights, inputShape, labelShape, batches } = begin(run);
  const model = networkToOnnx(run.network, weights, { mode: 'training', batch: run.batch });
  const graph = trainingGraph(model, crossEntropy(), run.optimiser, {
    trainable: (name) => weights.has(name),
    target: await loweringTarget(),
    ...run.options,
  });
  const start = resume
    ? new Map([...resume.vectors].map(([name, { data }]) => [name, data as Float32Array]))
    : new Map([
        ['parameters', pack(graph.parameters, weights)],
        ['statistics', pack(graph.statistics, weights)],
      ]);
  const decay = entryVector(graph.parameters, (e) => (e.shape.length > 1 ? run.weightDecay : 0));
  const stepper: Stepper = await createStepper(graph, start, decay, {
    threads: run.threads ?? 1,
    steps: resume?.step ?? 0,
  });
  return {
    graph,
    stepper,
    async advance(steps: number): Promise<readonly number[]> {
      const losses: number[] = [];
      for (let i = 0; i < steps; i++) {
        const { images, labels } = batches[stepper.steps % BATCHES]!;
        const feeds = { input: tensor(inputShape, images), labels: tensor(labelShape, labels) };
        const { learningRate } = run;
        losses.push(await stepper.step({ feeds, learningRate, averageDecay: 0 }, random));
      }
      return losses;
    },
    weights(): Weights {
      const vectors = stepper.vectors();
      const statistics = vectors.get('statistics')?.data as Float32Array | undefined;
      return new Map([
        ...weights,
        ...unpack(graph.parameters, vectors.get('parameters')!.data as Float32Array),
        ...(statistics ? unpack(graph.statistics, statistics) : []),
      ]);
    },
  };
}

/** The whole run on our side. */
export async function runHere(run: TrainingRun): Promise<RunResult> {
  const session = await startRun(run);
  try {
    const losses = await session.advance(run.steps);
    return { losses, weights: session.weights() };
  } finally {
    await session.stepper.release();
  }
}

export interface TorchResult extends RunResult {
  /** Losses of the same training in double precision. */
  readonly exact: readonly number[];
}

/** Whole runs in PyTorch, one after the other in one process. */
export async function runInTorch(
  python: string,
  runs: readonly TrainingRun[],
): Promise<readonly TorchResult[]> {
  const folders = await Promise.all(runs.map(() => mkdtemp(join(tmpdir(), 'espalier-torch-'))));
  try {
    await Promise.all(runs.map((run, i) => writeJob(folders[i]!, run)));
    const script = fileURLToPath(new URL('./torch-training.py', import.meta.url));
    const { stdout } = await promisify(execFile)(python, [script, ...folders]);
    const lines = stdout.trim().split('\n');
    return await Promise.all(
      runs.map(async (run, i) => ({
        ...(JSON.parse(lines[i]!) as Pick<TorchResult, 'losses' | 'exact'>),
        weights: await readWeights(folders[i]!, begin(run).weights),
      })),
    );
  } finally {
    await Promise.all(folders.map((folder) => rm(folder, { recursive: true })));
  }
}

async function writeJob(folder: string, run: TrainingRun): Promise<void> {
  const { weights, inputShape, labelShape, batches } = begin(run);
  const {
    trainable = () => true,
    learningRateFactor = () => 1,
    freezeStatistics,
    clipNorm,
  } = run.options ?? {};
  const job = {
    network: run.network,
    weights: [...weights].map(([name, { shape }]) => ({
      name,
      shape,
      trains: !/\.(mean|variance)$/.test(name) && trainable(name),
      rateFactor: learningRateFactor(name),
      decay: shape.length > 1 ? run.weightDecay : 0,
    })),
    inputShape,
    labelShape,
    steps: run.steps,
    learningRate: run.learningRate,
    optimiser: run.torch,
    clipNorm: clipNorm ?? 0,
    freezeStatistics: freezeStatistics === true,
  };
  const files: Readonly<Record<string, readonly Float32Array[]>> = {
    weights: [...weights.values()].map((t) => Float32Array.from(t.data as Float32Array)),
    images: batches.map((b) => b.images),
    labels: batches.map((b) => b.labels),
  };
  await writeFile(join(folder, 'job.json'), JSON.stringify(job));
  for (const [name, parts] of Object.entries(files))
    await writeFile(join(folder, `${name}.f32`), Buffer.concat(parts.map((p) => Buffer.from(p.buffer))));
}

/** The tensors in the order and shapes of `like`. */
async function readWeights(folder: string, like: Weights): Promise<Weights> {
  const bytes = await readFile(join(folder, 'weights.f32'));
  const flat = new Float32Array(Uint8Array.from(bytes).buffer);
  let at = 0;
  return new Map(
    [...like].map(([name, { shape }]): [string, Tensor] => {
      at += size(shape);
      return [name, tensor(shape, flat.slice(at - size(shape), at))];
    }),
  );
}

/** Largest difference of a weight from the other side's, relative to the largest weight of its tensor. */
export function weightDifference(
  ours: Weights,
  theirs: Weights,
): { readonly name: string; readonly worst: number } {
  let result = { name: '', worst: 0 };
  for (const [name, tensor] of theirs) {
    const a = ours.get(name)!.data as Float32Array;
    const b = tensor.data as Float32Array;
    const scale = b.reduce((m, v) => Math.max(m, Math.abs(v)), 1e-3);
    const worst = b.reduce((m, v, i) => Math.max(m, Math.abs(v - a[i]!)), 0) / scale;
    if (!(worst <= result.worst)) result = { name, worst };
  }
  return result;
}
