/**
 * Gradient of Resize. Each resized axis is a linear map y = A·x with a constant interpolation matrix A, so the gradient
 * is dx = Aᵀ·dy along that axis. A is built from the operator's coordinate rules (ONNX Resize, opset 19).
 */
import { fail } from '../../errors.ts';
import type { Attributes, Tensor } from '../../onnx/model.ts';
import { floatAttribute, intAttribute, stringAttribute } from '../../onnx/shape-rules.ts';
import type { GradientRule } from '../rule.ts';
import { upsampleGradient } from '../training-operators.ts';

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
    case 'half_pixel_symmetric': {
      // Both ends lie alike: what rounding the size down has cut off is cut off on both sides.
      const offset = (input / 2) * (1 - output / (scale * input));
      return offset + (i + 0.5) / scale - 0.5;
    }
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

/** The interpolation matrix of every axis, transposed; null for axes that keep their size. */
function matricesOf(
  attributes: Attributes,
  x: readonly number[],
  y: readonly number[],
  scales: Tensor | null,
): readonly (Float32Array | null)[] | null {
  const matrices: (Float32Array | null)[] = [];
  for (const [axis, size] of x.entries()) {
    const target = y[axis]!;
    const scale = scales ? Number(scales.data[axis]) : target / size;
    const matrix = size === target ? null : interpolationTransposed(size, target, scale, attributes);
    if (matrix === null && size !== target) return null;
    matrices.push(matrix);
  }
  return matrices;
}

/** The tile that each pixel of an image is copied to, when that is what a Resize does; else null. */
export function nearestTiles(
  attributes: Attributes,
  x: readonly number[],
  y: readonly number[],
  scales: Tensor | null,
): readonly [number, number] | null {
  if (x.length !== 4 || stringAttribute(attributes, 'mode', 'nearest') !== 'nearest') return null;
  const tiles = matricesOf(attributes, x, y, scales)?.map((matrix, i) => timesCopied(matrix, x[i]!, y[i]!));
  return tiles && tiles[0] === 1 && tiles[1] === 1 && tiles[2] && tiles[3] ? [tiles[2], tiles[3]] : null;
}

/** How many times in succession each element of an axis is copied, when that is all that happens to it; else null. */
function timesCopied(matrix: Float32Array | null, input: number, output: number): number | null {
  const times = output / input;
  if (matrix === null || !Number.isInteger(times)) return matrix === null ? 1 : null;
  const isCopy = matrix.every((share, i) => {
    const [from, to] = [Math.floor(i / output), i % output];
    return share === (Math.floor(to / times) === from ? 1 : 0);
  });
  return isCopy ? times : null;
}

export const resize: GradientRule = (c) => {
  const { m, node } = c;
  const x = c.shape(node.inputs[0]!);
  const y = c.shape(node.outputs[0]!);
  const scales = node.inputs[2] ? m.g.tensor(node.inputs[2]) : null;
  const toFirst = (dx: string): readonly (string | null)[] =>
    node.inputs.map((_, i) => (i === 0 ? dx : null));
  const tiles = nearestTiles(node.attributes, x, y, scales);
  if (tiles) return toFirst(upsampleGradient(m.g, c.dy, tiles, `${node.name}/gradient`));
  const matrices =
    matricesOf(node.attributes, x, y, scales) ??
    fail('NO_GRADIENT', { op: 'Resize (antialiased or cropped)', node: node.name });
  let gradient = c.dy;
  matrices.forEach((matrix, axis) => {
    if (matrix === null) return;
    const a = m.g.constant({ dtype: 'float32', shape: [x[axis]!, y[axis]!], data: matrix });
    const last = x.length - 1;
    if (axis === last) gradient = m.matmulT(gradient, a, { b: true });
    else if (axis === last - 1) gradient = m.matmul(a, gradient);
    else {
      const swap = x.map((_, i) => (i === axis ? last : i === last ? axis : i));
      gradient = m.transpose(m.matmulT(m.transpose(gradient, swap), a, { b: true }), swap);
    }
  });
  return toFirst(gradient);
};
