/**
 * Lowering for ONNX Runtime's blocked CPU layout (the NCHWc kernels, up to twice as fast as its NCHW convolutions).
 *
 * ONNX Runtime chooses these kernels itself only for constant weights, which a training graph has not; so the graph
 * names them and reorders the weights as part of the step. Each handler emits one operator on blocked values, or declines
 * by returning false; then the plain lowering takes it, and the layouts are converted between the two.
 */
import {
  type AtZero,
  ELEMENTWISE_OPERATORS,
  ELEMENTWISE_PREDICATES,
} from '../../onnx/elementwise-operators.ts';
import type { OnnxNode } from '../../onnx/model.ts';
import { floatAttribute } from '../../onnx/shape-rules.ts';
import { sameShape } from '../arithmetic.ts';
import { batchNormGradient, batchNormTraining } from './blocked-batch-norm.ts';
import { conv, convInputGradient, convWeightGradient } from './blocked-convolution.ts';
import {
  averagePool,
  averagePoolGradient,
  globalAveragePool,
  globalAveragePoolGradient,
  maxPool,
  maxPoolGradient,
} from './blocked-pooling.ts';
import { resize, upsampleGradient } from './blocked-resizing.ts';
import type { BlockedHandler } from './handler.ts';
import { addPhases } from './interleave.ts';
import type { Layouts } from './layouts.ts';
import { logSoftmax } from './softmax.ts';
import { above, below } from './steep.ts';
import { gemm } from './transposed-product.ts';

const reluGradient: BlockedHandler = (l, node) => {
  const [dy, y] = node.inputs as [string, string];
  if (!l.isBlocked(y) && !l.isBlocked(dy)) return false;
  if (!l.canBlock(y)) return false;
  l.setBlocked(node.outputs[0]!, l.m.mul(l.blocked(dy), above(l.m, l.blocked(y), 0)));
  return true;
};

const clipGradient: BlockedHandler = (l, node) => {
  const { m } = l;
  const [dy, y] = node.inputs as [string, string];
  if (!l.canBlock(y) || !l.isBlocked(y)) return false;
  const output = l.blockedSpoilt(y);
  const [low, high] = ['low', 'high'].map((name) => floatAttribute(node.attributes, name, 0));
  const inside = m.mul(above(m, output, low!), below(m, output, high!));
  l.setBlocked(node.outputs[0]!, m.mul(l.blocked(dy), inside));
  return true;
};

/** What an operator makes of the zeros that fill a block up. */
const AT_ZERO: Readonly<Record<string, AtZero>> = {
  ...ELEMENTWISE_OPERATORS,
  ...ELEMENTWISE_PREDICATES,
  QuantizeLinear: 'finite',
  DequantizeLinear: 'finite',
};

/** Whether the channels that fill up could become infinite or NaN, which would spread through later sums. */
function diverges(l: Layouts, node: OnnxNode, isImage: (input: string) => boolean): boolean {
  const [first, second] = node.inputs as [string, string?];
  if (node.op === 'Div') return isImage(second!);
  if (node.op === 'Sqrt') return l.isSpoilt(first);
  return AT_ZERO[node.op] === 'infinite';
}

/** Operators that treat every element alike, on inputs of one shape (or scalars): any layout will do. */
const elementwise: BlockedHandler = (l, node) => {
  const output = node.outputs[0]!;
  if (!l.canBlock(output) || !node.inputs.some((i) => i !== '' && l.isBlocked(i))) return false;
  if (node.op === 'Add' && addPhased(l, node)) return true;
  const shape = l.shape(output);
  const isImage = (input: string): boolean => sameShape(l.shape(input), shape);
  const fits = node.inputs.every((i) => i === '' || isImage(i) || l.shape(i).every((d) => d === 1));
  const isFilled = l.filled(l.shape(output)[1]!) !== l.shape(output)[1];
  if (!fits || (isFilled && diverges(l, node, isImage))) return false;
  const inputs = node.inputs.map((i) => (i === '' ? '' : isImage(i) ? l.blockedSpoilt(i) : l.plain(i)));
  const result = l.m.g.op(node.op, inputs, node.attributes, node.name);
  l.setBlocked(output, result, isFilled && spoils(l, node, isImage));
  return true;
};

/** A sum of values whose phases still stand apart needs them put between each other only once. */
function addPhased(l: Layouts, node: OnnxNode): boolean {
  const [a, b] = node.inputs.map((i) => l.phased(i));
  if (!a || !b || a.strides.join() !== b.strides.join()) return false;
  l.setPhased(node.outputs[0]!, addPhases(l.m, a, b));
  return true;
}

/** Whether the channels that fill up may be other than zero afterwards. */
function spoils(l: Layouts, node: OnnxNode, isImage: (input: string) => boolean): boolean {
  const images = node.inputs.filter((i) => i !== '' && isImage(i));
  if (node.op === 'Mul') return images.every((i) => l.isSpoilt(i));
  if (images.some((i) => l.isSpoilt(i))) return true;
  if (node.op === 'Clip') {
    const bound = (i: number): number | null => {
      const tensor = node.inputs[i] ? l.m.g.tensor(l.plain(node.inputs[i]!)) : null;
      return tensor ? Number(tensor.data[0]) : null;
    };
    const [low, high] = [bound(1), bound(2)];
    return low === null || high === null || low > 0 || high < 0;
  }
  return AT_ZERO[node.op] !== 'zero' || images.length < node.inputs.length;
}

const isAligned = (l: Layouts, value: string): boolean =>
  l.canBlock(value) && l.shape(value)[1]! % l.block === 0;

/** Whole blocks of channels lie one after another, so that joining them is the same in both layouts. */
const concat: BlockedHandler = (l, node) => {
  const axis = node.attributes.axis;
  const output = node.outputs[0]!;
  if (!l.canBlock(output) || axis?.type !== 'int' || axis.value !== 1) return false;
  if (!node.inputs.every((i) => isAligned(l, i)) || !node.inputs.some((i) => l.isBlocked(i))) return false;
  const inputs = node.inputs.map((i) => l.blocked(i));
  l.setBlocked(output, l.m.g.op('Concat', inputs, node.attributes, node.name));
  return true;
};

const split: BlockedHandler = (l, node) => {
  const axis = node.attributes.axis;
  const input = node.inputs[0]!;
  if (axis?.type !== 'int' || axis.value !== 1) return false;
  if (!l.isBlocked(input) || ![input, ...node.outputs].every((o) => isAligned(l, o))) return false;
  const parts = l.m.g.node('Split', [l.blocked(input), ...node.inputs.slice(1).map((i) => l.plain(i))], {
    attributes: node.attributes,
    outputs: node.outputs.length,
    name: node.name,
  });
  node.outputs.forEach((o, i) => {
    l.setBlocked(o, parts[i]!);
  });
  return true;
};

export const BLOCKED_HANDLERS: Readonly<Record<string, BlockedHandler>> = {
  ...Object.fromEntries(Object.keys(AT_ZERO).map((op) => [op, elementwise])),
  Conv: conv,
  Gemm: gemm,
  ConvInputGradient: convInputGradient,
  ConvWeightGradient: convWeightGradient,
  BatchNormTraining: batchNormTraining,
  BatchNormGradient: batchNormGradient,
  ReluGradient: reluGradient,
  ClipGradient: clipGradient,
  Concat: concat,
  Split: split,
  GlobalAveragePool: globalAveragePool,
  GlobalAveragePoolGradient: globalAveragePoolGradient,
  AveragePool: averagePool,
  AveragePoolGradient: averagePoolGradient,
  MaxPool: maxPool,
  MaxPoolGradient: maxPoolGradient,
  Resize: resize,
  LogSoftmax: logSoftmax,
  UpsampleGradient: upsampleGradient,
};
