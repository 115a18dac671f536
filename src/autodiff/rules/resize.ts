/**
 * Gradient of Resize. Each resized axis is a linear map y = A·x with a constant interpolation matrix A, so the gradient
 * is dx = Aᵀ·dy along that axis. A is built from the operator's coordinate rules (ONNX Resize, opset 19).
 */
import { fail } from '../../errors.ts';
import type { Attributes } from '../../onnx/model.ts';
import { floatAttribute, intAttribute, stringAttribute } from '../../onnx/shape-rules.ts';
import type { GradientRule } from '../rule.ts';

/** The source position of output `i`, in elements of the input axis. */
function sourcePosition(i: number, input: number, output: number, scale: number, mode: string): number {
  switch (mode) {
    case 'align_corners':
      return output === 1 ? 0 : (i * (input - 1)) / (output - 1);
    case 'asymmetric':
      return i / scale;
    case 'pytorch_half_pixel':
      return output > 1 ? (i + 0.5) / scale - 0.5 : 0;
    case 'half_pixel':
      return (i + 0.5) / scale - 0.5;
    default:
      return Number.NaN;
  }
}

function nearestIndex(position: number, mode: string): number {
  switch (mode) {
    case 'floor':
      return Math.floor(position);
    case 'ceil':
      return Math.ceil(position);
    case 'round_prefer_ceil':
      return Math.floor(position + 0.5);
    default:
      return Math.ceil(position - 0.5);
  }
}

/** The four elements around a position and their shares (Keys 1981); those outside count as the nearest inside, or not. */
function cubicShares(position: number, size: number, attributes: Attributes): [number, number][] {
  const a = floatAttribute(attributes, 'cubic_coeff_a', -0.75);
  const excluded = intAttribute(attributes, 'exclude_outside', 0) === 1;
  const base = Math.floor(position);
  const shares = [-1, 0, 1, 2].map((offset): [number, number] => {
    const place = base + offset;
    const d = Math.abs(position - place);
    const near = (a + 2) * d ** 3 - (a + 3) * d ** 2 + 1;
    const far = a * d ** 3 - 5 * a * d ** 2 + 8 * a * d - 4 * a;
    const share = d <= 1 ? near : far;
    return [place, excluded && (place < 0 || place >= size) ? 0 : share];
  });
  const total = shares.reduce((sum, [, share]) => sum + share, 0);
  return shares.map(([place, share]) => [place, share / total]);
}

/** The transposed interpolation matrix, [input, output] row-major; null when the mode is not handled. */
function interpolationTransposed(
  input: number,
  output: number,
  scale: number,
  attributes: Attributes,
): Float32Array | null {
  const mode = stringAttribute(attributes, 'mode', 'nearest');
  const coordinates = stringAttribute(attributes, 'coordinate_transformation_mode', 'half_pixel');
  const nearest = stringAttribute(attributes, 'nearest_mode', 'round_prefer_floor');
  if (intAttribute(attributes, 'antialias', 0) === 1) return null;
  const matrix = new Float32Array(input * output);
  const clamp = (v: number): number => Math.min(Math.max(v, 0), input - 1);
  for (let i = 0; i < output; i++) {
    const position = sourcePosition(i, input, output, scale, coordinates);
    if (Number.isNaN(position)) return null;
    if (mode === 'nearest') {
      matrix[clamp(nearestIndex(position, nearest)) * output + i]! += 1;
      continue;
    }
    if (mode === 'cubic') {
      for (const [place, share] of cubicShares(position, input, attributes))
        matrix[clamp(place) * output + i]! += share;
      continue;
    }
    const inside = clamp(position);
    const low = Math.floor(inside);
    const share = inside - low;
    matrix[low * output + i]! += 1 - share;
    if (share > 0) matrix[clamp(low + 1) * output + i]! += share;
  }
  return matrix;
}

export const resize: GradientRule = (c) => {
  const { m, node } = c;
  const x = c.shape(node.inputs[0]!);
  const y = c.shape(node.outputs[0]!);
  const scales = node.inputs[2] ? m.g.tensor(node.inputs[2]) : null;
  let gradient = c.dy;
  x.forEach((size, axis) => {
    const target = y[axis]!;
    if (size === target) return;
    const scale = scales ? Number(scales.data[axis]) : target / size;
    const matrix = interpolationTransposed(size, target, scale, node.attributes);
    if (matrix === null) fail('NO_GRADIENT', { op: 'Resize (antialiased or cropped)', node: node.name });
    const a = m.g.constant({ dtype: 'float32', shape: [size, target], data: matrix });
    const last = x.length - 1;
    if (axis === last) gradient = m.matmulT(gradient, a, { b: true });
    else if (axis === last - 1) gradient = m.matmul(a, gradient);
    else {
      const swap = x.map((_, i) => (i === axis ? last : i === last ? axis : i));
      gradient = m.transpose(m.matmulT(m.transpose(gradient, swap), a, { b: true }), swap);
    }
  });
  return node.inputs.map((_, i) => (i === 0 ? gradient : null));
};
