/**
 * x·s + y of large vectors in one pass over memory, where two operators take two: ONNX Runtime's blocked depthwise convolution
 * with one tap adds to a tensor in place. To the last bit the same, but for the sign of zeros: both round the product, then
 * the sum.
 */
import { NCHWC_DOMAIN } from '../autodiff/lowering/layouts.ts';
import { int, int64, ints } from '../onnx/graph-builder.ts';
import type { Attributes, OnnxGraph, OnnxModel, OnnxNode, Tensor } from '../onnx/model.ts';
import { valueTypes } from '../onnx/value-types.ts';
import { withoutUnread } from '../onnx/without-unread.ts';

/** Elements below which the nodes beside it cost more than a pass. */
const LEAST_ELEMENTS = 1 << 12;
/** Rows that the kernel's threads share. */
const MOST_ROWS = 64;

/** What a sum or difference is worked out of: added ± vector·factor. */
interface ScaledSum {
  readonly product: string;
  readonly vector: string;
  readonly factor: string;
  readonly added: string;
}

/** @param block channels that lie innermost in this processor's kernels */
export function withScaledSums(model: OnnxModel, block: number): OnnxModel {
  const { graph } = model;
  const types = valueTypes(model);
  const shapeOf = (value: string): readonly (number | string)[] | null => types.get(value)?.shape ?? null;
  const sums = scaledSums(graph, shapeOf, block);
  const absorbed = new Set([...sums.values()].map(({ product }) => product));

  const initializers = new Map(graph.initializers);
  const constant = (name: string, tensor: Tensor): string => {
    initializers.set(name, tensor);
    return name;
  };
  const nodes: OnnxNode[] = [];
  const emit = (
    op: string,
    inputs: readonly string[],
    output: string,
    { domain = '', attributes = {} }: { readonly domain?: string; readonly attributes?: Attributes } = {},
  ): string => {
    nodes.push({ name: `${op}/${output}`, op, domain, inputs, outputs: [output], attributes });
    return output;
  };
  const kernels = new Map<string, string>();
  /** The number once for each channel, as weights of the convolution. */
  const kernelOf = (factor: string, negative: boolean): string => {
    const name = `scaled/${negative ? 'minus/' : ''}${factor}`;
    const found = kernels.get(name);
    if (found !== undefined) return found;
    const number = negative ? emit('Neg', [factor], `${name}/number`) : factor;
    const ofRankFour = constant('scaled/number', int64([1, 1, 1, 1]));
    const forEach = constant('scaled/kernel', int64([block, 1, 1, 1]));
    const kernel = emit('Expand', [emit('Reshape', [number, ofRankFour], `${name}/4`), forEach], name);
    kernels.set(name, kernel);
    return kernel;
  };
  const images = new Map<string, string>();
  const imageOf = (vector: string): string => {
    const found = images.get(vector);
    if (found !== undefined) return found;
    const size = Number(shapeOf(vector)![0]);
    const shape = constant(`scaled/image/${size}`, int64([1, block, ...rowsAndColumns(size / block)]));
    const image = emit('Reshape', [vector, shape], `${vector}/image`);
    images.set(vector, image);
    return image;
  };
  for (const node of graph.nodes) {
    const sum = sums.get(node);
    const output = node.outputs[0]!;
    if (sum === undefined) {
      if (!absorbed.has(output)) nodes.push(node);
      continue;
    }
    const size = Number(shapeOf(output)![0]);
    const kernel = kernelOf(sum.factor, node.op === 'Sub');
    const image = emit('Conv', [imageOf(sum.vector), kernel, '', imageOf(sum.added)], `${output}/image`, {
      domain: NCHWC_DOMAIN,
      attributes: { kernel_shape: ints([1, 1]), group: int(block) },
    });
    images.set(output, image);
    emit('Reshape', [image, constant(`scaled/vector/${size}`, int64([size]))], output);
  }
  return { ...model, graph: withoutUnread({ ...graph, initializers, nodes }) };
}

/** Sums of a large vector and a product, and differences that take one away, where nothing else reads the product. */
function scaledSums(
  { nodes, outputs }: OnnxGraph,
  shapeOf: (value: string) => readonly (number | string)[] | null,
  block: number,
): ReadonlyMap<OnnxNode, ScaledSum> {
  const isNumber = (value: string): boolean => shapeOf(value)?.every((length) => length === 1) ?? false;
  const isLarge = (value: string): boolean => {
    const [size, ...others] = shapeOf(value) ?? [];
    const divides = typeof size === 'number' && others.length === 0 && size % block === 0;
    return divides && size >= LEAST_ELEMENTS;
  };
  const leaves = new Set(outputs.map(({ name }) => name));
  const readers = new Map<string, number>();
  for (const value of nodes.flatMap(({ inputs }) => inputs))
    readers.set(value, (readers.get(value) ?? 0) + 1);
  const products = new Map<string, Pick<ScaledSum, 'vector' | 'factor'>>();
  const sums = new Map<OnnxNode, ScaledSum>();
  for (const node of nodes) {
    const [a, b] = node.inputs as [string, string];
    const output = node.outputs[0]!;
    if (node.op === 'Mul' && readers.get(output) === 1 && !leaves.has(output)) {
      const [vector, factor] = isNumber(a) ? [b, a] : [a, b];
      if (isLarge(vector) && isNumber(factor)) products.set(output, { vector, factor });
    } else if (node.op === 'Add' || node.op === 'Sub') {
      const product = products.has(b) ? b : a;
      const added = product === b ? a : b;
      const found = products.get(product);
      if (found && isLarge(added) && (node.op === 'Add' || product === b))
        sums.set(node, { product, added, ...found });
    }
  }
  return sums;
}

function rowsAndColumns(pixels: number): readonly [number, number] {
  let rows = 1;
  while (rows < MOST_ROWS && pixels % (2 * rows) === 0) rows *= 2;
  return [rows, pixels / rows];
}
