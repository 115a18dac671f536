/** How the inputs of each layer vary together, from columns of calibration data: what a product's weights meet. */
import { encodeModel } from '../onnx/encode.ts';
import type { OnnxModel, OnnxNode, Tensor, ValueInfo } from '../onnx/model.ts';
import { intAttribute, intsAttribute, stringAttribute } from '../onnx/shape-rules.ts';
import type { Random } from '../random.ts';
import { createSession } from '../runtime/session.ts';
import type { Feeds, ObserveOptions } from './calibration/observe.ts';
import { indexGraph } from './graph.ts';
import { layerWeights } from './weights.ts';

/** Columns of a layer that are looked at: four for each row of the largest covariance. */
const SAMPLES = 2048;
/** More inputs are taken in blocks: work and memory grow with their number alone. */
const BLOCK = 512;

/** Some of the inputs of one group of a layer, in the order of its weights. */
export interface InputBlock {
  /** Of the convolution's groups; 0 otherwise. */
  readonly group: number;
  /** Of the first of the inputs, of those that one output reads. */
  readonly begin: number;
  readonly size: number;
  /** [size, size], its lower triangle. */
  readonly covariance: Float64Array;
}

interface Sums extends InputBlock {
  readonly sums: Float64Array;
  count: number;
}

/** Reads columns of one layer's input, a value for each weight of an output. */
interface Reader {
  readonly groups: number;
  readonly inputs: number;
  /** Columns in this tensor. */
  readonly columns: (input: Tensor) => number;
  readonly read: (input: Tensor, column: number, group: number, into: Float64Array) => void;
}

/**
 * Runs the model over the batches and looks at a sample of columns of each layer's input.
 * @param model a prepared model
 * @param layers its products with constant weights
 * @param options.centred whether the biases take off what rounding does to the mean; otherwise it counts as well
 * @returns by layer name; layers whose columns cannot be told (other than two dimensions, automatic padding) are absent
 */
export async function inputCovariances(
  model: OnnxModel,
  layers: readonly OnnxNode[],
  batches: readonly Feeds[],
  random: Random,
  { threads, signal, centred }: ObserveOptions & { readonly centred: boolean },
): Promise<ReadonlyMap<string, readonly InputBlock[]>> {
  const graph = indexGraph(model.graph);
  const readers = new Map<OnnxNode, Reader>();
  for (const node of layers) {
    const reader = readerOf(node, layerWeights(node, graph).weight.shape);
    if (reader !== null) readers.set(node, reader);
  }
  const found = new Map<string, readonly Sums[]>();
  const given = new Set(model.graph.inputs.map((i) => i.name));
  const wanted = [...new Set([...readers.keys()].map((node) => node.inputs[0]!))].filter(
    (v) => !given.has(v),
  );
  const outputs = wanted.map((name): ValueInfo => ({ name, dtype: 'float32', shape: [], unranked: true }));
  const last = model.graph.outputs.slice(0, 1);
  const session = await createSession(
    encodeModel({ ...model, graph: { ...model.graph, outputs: outputs.length > 0 ? outputs : last } }),
    { threads },
  );
  const each = Math.ceil(SAMPLES / batches.length);
  try {
    for (const feeds of batches) {
      signal?.throwIfAborted();
      const values = { ...feeds, ...(await session.run(feeds)) };
      for (const [node, reader] of readers) {
        const sums = found.get(node.name) ?? blocksOf(reader);
        found.set(node.name, sums);
        add(sums, reader, values[node.inputs[0]!]!, each, random);
      }
    }
  } finally {
    await session.release();
  }
  // A MatMul has no bias.
  for (const node of layers)
    for (const block of found.get(node.name) ?? []) centre(block, centred && node.op !== 'MatMul');
  return found;
}

function readerOf(node: OnnxNode, weight: readonly number[]): Reader | null {
  if (node.op !== 'Conv') {
    const inputs = weight[intAttribute(node.attributes, 'transB', 0) === 1 ? 1 : 0]!;
    return {
      groups: 1,
      inputs,
      columns: ({ data }) => data.length / inputs,
      read: ({ data }, column, _, into) => {
        for (let i = 0; i < inputs; i++) into[i] = Number(data[column * inputs + i]);
      },
    };
  }
  if (weight.length !== 4 || stringAttribute(node.attributes, 'auto_pad', 'NOTSET') !== 'NOTSET') return null;
  const [, channels, height, width] = weight as [number, number, number, number];
  const [strideY, strideX] = intsAttribute(node.attributes, 'strides') ?? [1, 1];
  const [top, left, bottom, right] = intsAttribute(node.attributes, 'pads') ?? [0, 0, 0, 0];
  const [stepY, stepX] = intsAttribute(node.attributes, 'dilations') ?? [1, 1];
  const outputSize = ({ shape }: Tensor): readonly [number, number] => [
    Math.floor((shape[2]! + top! + bottom! - stepY! * (height - 1) - 1) / strideY!) + 1,
    Math.floor((shape[3]! + left! + right! - stepX! * (width - 1) - 1) / strideX!) + 1,
  ];
  return {
    groups: intAttribute(node.attributes, 'group', 1),
    inputs: channels * height * width,
    columns: (input) => {
      const [rows, columns] = outputSize(input);
      return input.shape[0]! * rows * columns;
    },
    read: (input, column, group, into) => {
      const [rows, columns] = outputSize(input);
      const [, all, inputHeight, inputWidth] = input.shape as [number, number, number, number];
      const image = Math.floor(column / (rows * columns));
      const y = (Math.floor(column / columns) % rows) * strideY! - top!;
      const x = (column % columns) * strideX! - left!;
      const data = input.data as Float32Array;
      let i = 0;
      for (let c = 0; c < channels; c++) {
        const map = (image * all + group * channels + c) * inputHeight;
        for (let ky = 0; ky < height; ky++)
          for (let kx = 0; kx < width; kx++) {
            const [iy, ix] = [y + ky * stepY!, x + kx * stepX!];
            const inside = iy >= 0 && iy < inputHeight && ix >= 0 && ix < inputWidth;
            into[i++] = inside ? data[(map + iy) * inputWidth + ix]! : 0;
          }
      }
    },
  };
}

function blocksOf({ groups, inputs }: Reader): Sums[] {
  const blocks: Sums[] = [];
  for (let group = 0; group < groups; group++)
    for (let begin = 0; begin < inputs; begin += BLOCK) {
      const size = Math.min(BLOCK, inputs - begin);
      const covariance = new Float64Array(size * size);
      blocks.push({ group, begin, size, covariance, sums: new Float64Array(size), count: 0 });
    }
  return blocks;
}

/** Adds randomly chosen columns of this tensor. */
function add(blocks: readonly Sums[], reader: Reader, input: Tensor, samples: number, random: Random): void {
  const column = new Float64Array(reader.inputs);
  const columns = reader.columns(input);
  for (let sample = 0; sample < Math.min(samples, columns); sample++) {
    const chosen = random.int(columns);
    let group = -1;
    for (const block of blocks) {
      if (block.group !== group) {
        group = block.group;
        reader.read(input, chosen, group, column);
      }
      const { begin, size, covariance, sums } = block;
      block.count++;
      for (let i = 0; i < size; i++) {
        const value = column[begin + i]!;
        // Most values behind a ReLU are 0.
        if (value === 0) continue;
        sums[i]! += value;
        for (let j = 0, row = i * size; j <= i; j++) covariance[row + j]! += value * column[begin + j]!;
      }
    }
  }
}

/** From sums of products to the covariance, or to the mean products. */
function centre({ size, covariance, sums, count }: Sums, centred: boolean): void {
  for (let i = 0; i < size; i++)
    for (let j = 0; j <= i; j++) {
      const mean = centred ? (sums[i]! * sums[j]!) / count : 0;
      covariance[i * size + j] = (covariance[i * size + j]! - mean) / count;
    }
}
