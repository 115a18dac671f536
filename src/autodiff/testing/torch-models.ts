/** Networks exported from PyTorch, with the training that PyTorch does on them as the reference. */
import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { decodeModel } from '../../onnx/decode.ts';
import type { OnnxModel, Tensor } from '../../onnx/model.ts';
import { TORCH_PYTHON } from './torch.ts';

export interface ExportJob {
  readonly name: string;
  readonly network:
    | 'resnet18'
    | 'mobilenet_v2'
    | 'mobilenet_v3_small'
    | 'vit'
    | 'swin'
    | 'text'
    | 'lstm'
    | 'gru'
    | 'volumes';
  readonly opset: number;
  /** Whether the file is exported as it runs in inference or in training. */
  readonly mode: 'eval' | 'train';
  /** Whether the batch is a symbol, N. */
  readonly dynamic: boolean;
  /** Pixels of an image's or volume's side; words of a text. */
  readonly side: number;
  /** Learning rate. */
  readonly rate: number;
  readonly optimisers: readonly OptimiserName[];
}

/** Those whose input is words. */
const TEXTS: ReadonlySet<ExportJob['network']> = new Set(['text', 'lstm', 'gru']);

export type OptimiserName = 'sgd' | 'adamw';

interface Trained {
  readonly losses: readonly number[];
  readonly tensors: ReadonlyMap<string, Float32Array>;
}

export interface Reference {
  readonly model: OnnxModel;
  readonly x: Tensor;
  readonly labels: Tensor;
  /** Of the first step, by parameter. */
  readonly gradients: ReadonlyMap<string, Float32Array>;
  /** Losses of ten steps, and the weights and running averages after them. */
  readonly trained: ReadonlyMap<OptimiserName, Trained>;
  /** What the exported form gives after the SGD steps. */
  readonly output: Float32Array;
}

interface Entry {
  readonly name: string;
  readonly shape: readonly number[];
}
interface Answer {
  readonly parameters: readonly Entry[];
  readonly statistics: readonly Entry[];
  readonly losses: Readonly<Record<OptimiserName, readonly number[]>>;
}

/** A Python that can import torch and torchvision, or null. */
export const TORCHVISION_PYTHON: string | null =
  [TORCH_PYTHON, '/usr/bin/python3'].find(
    (python) => python !== null && spawnSync(python, ['-c', 'import torch, torchvision']).status === 0,
  ) ?? null;

/** Exports and trains every job in one Python process. */
export async function torchReferences(
  python: string,
  jobs: readonly ExportJob[],
): Promise<ReadonlyMap<string, Reference>> {
  const folder = await mkdtemp(join(tmpdir(), 'espalier-torch-models-'));
  try {
    await writeFile(join(folder, 'jobs.json'), JSON.stringify(jobs));
    const script = fileURLToPath(new URL('./torch-models.py', import.meta.url));
    const { stdout } = await promisify(execFile)(python, [script, folder], { maxBuffer: 1 << 26 });
    const answers = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Answer);
    const read = await Promise.all(jobs.map((job, i) => readReference(folder, job, answers[i]!)));
    return new Map(jobs.map((job, i) => [job.name, read[i]!]));
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function readReference(
  folder: string,
  { name, network, side, optimisers }: ExportJob,
  answer: Answer,
): Promise<Reference> {
  const floats = async (part: string): Promise<Float32Array> =>
    new Float32Array(new Uint8Array(await readFile(join(folder, `${name}.${part}.f32`))).buffer);
  const labels = JSON.parse(await readFile(join(folder, `${name}.labels.json`), 'utf8')) as number[];
  const x = await floats('x');
  const shape = network === 'volumes' ? [1, side, side, side] : [3, side, side];
  const all = [...answer.parameters, ...answer.statistics];
  const trained = await Promise.all(
    optimisers.map(async (optimiser): Promise<[OptimiserName, Trained]> => {
      const tensors = cut(all, await floats(optimiser));
      return [optimiser, { losses: answer.losses[optimiser], tensors }];
    }),
  );
  return {
    model: decodeModel(await readFile(join(folder, `${name}.onnx`))),
    x: TEXTS.has(network)
      ? { dtype: 'int64', shape: [labels.length, side], data: BigInt64Array.from(x, BigInt) }
      : { dtype: 'float32', shape: [labels.length, ...shape], data: x },
    labels: { dtype: 'int64', shape: [labels.length], data: BigInt64Array.from(labels, BigInt) },
    gradients: cut(answer.parameters, await floats('gradients')),
    trained: new Map(trained),
    output: await floats('output'),
  };
}

/** The tensors that lie one after another in `flat`. */
function cut(entries: readonly Entry[], flat: Float32Array): Map<string, Float32Array> {
  let at = 0;
  return new Map(
    entries.map(({ name, shape }) => {
      const length = shape.reduce((a, b) => a * b, 1);
      at += length;
      return [name, flat.subarray(at - length, at)];
    }),
  );
}
