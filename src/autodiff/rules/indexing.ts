/** Gradients of operators that pick elements by index or put them there. Indices have none. */
import { fail } from '../../errors.ts';
import { float32, int, int64, ints, str } from '../../onnx/graph-builder.ts';
import { intAttribute, stringAttribute } from '../../onnx/shape-rules.ts';
import type { Arithmetic } from '../arithmetic.ts';
import type { GradientContext, GradientRule } from '../rule.ts';

const INT64 = 7;

const axisOf = (c: GradientContext, fallback: number): number => {
  const axis = intAttribute(c.node.attributes, 'axis', fallback);
  return axis < 0 ? axis + c.shape(c.node.inputs[0]!).length : axis;
};
const zeros = (m: Arithmetic, shape: readonly number[]): string => m.expand(m.scalar(0), shape);

/** The indices as int64; negative ones count from the end of an axis of `size`. */
function placesOf(m: Arithmetic, indices: string, size: number): string {
  const constant = m.g.tensor(indices);
  if (constant) {
    const values = Array.from(constant.data as ArrayLike<number | bigint>, Number);
    return m.g.constant({ ...int64(values.map((v) => (v < 0 ? v + size : v))), shape: constant.shape });
  }
  const wide = m.g.op('Cast', [indices], { to: int(INT64) });
  const scalar = (value: number): string => m.g.constant({ ...int64([value]), shape: [] });
  return m.where(m.g.op('Less', [wide, scalar(0)]), m.add(wide, scalar(size)), wide);
}

/** Rows of a table (embeddings): gradients of equal indices add up. */
export const gather: GradientRule = (c) => {
  const { m } = c;
  const [x, indices] = c.node.inputs as [string, string];
  const shape = c.shape(x);
  const axis = axisOf(c, 0);
  const rank = c.shape(indices).length;
  // Bring the gathered axes to the front, so that ScatterND can add whole slices.
  const front = Array.from({ length: rank }, (_, i) => i + axis);
  const rest = c.shape(c.dy).flatMap((_, i) => (front.includes(i) ? [] : [i]));
  const updates = m.transpose(c.dy, [...front, ...rest]);
  const table = zeros(m, [shape[axis]!, ...shape.filter((_, i) => i !== axis)]);
  const places = m.g.op('Unsqueeze', [placesOf(m, indices, shape[axis]!), m.g.constant(int64([rank]))]);
  const scattered = m.g.op('ScatterND', [table, places, updates], { reduction: str('add') });
  const perm = shape.map((_, i) => (i === axis ? 0 : i < axis ? i + 1 : i));
  return [m.g.op('Transpose', [scattered], { perm: ints(perm) }), null];
};

export const gatherElements: GradientRule = (c) => {
  const { m, node } = c;
  const [x, indices] = node.inputs as [string, string];
  const attributes = { axis: int(axisOf(c, 0)), reduction: str('add') };
  return [m.g.op('ScatterElements', [zeros(m, c.shape(x)), indices, c.dy], attributes), null];
};

export const gatherND: GradientRule = (c) => {
  const { m, node } = c;
  const [x, indices] = node.inputs as [string, string];
  if (intAttribute(node.attributes, 'batch_dims', 0) !== 0)
    return fail('NO_GRADIENT', { op: 'GatherND (with batch axes)', node: node.name });
  const table = zeros(m, c.shape(x));
  return [m.g.op('ScatterND', [table, indices, c.dy], { reduction: str('add') }), null];
};

/** Values that are put in place, or added: what is overwritten gets no gradient. */
const scatter =
  (put: 'ScatterElements' | 'ScatterND', pick: 'GatherElements' | 'GatherND'): GradientRule =>
  (c) => {
    const { m, node } = c;
    const [, indices, updates] = node.inputs as [string, string, string];
    const { reduction: _, ...attributes } = node.attributes;
    const reduction = stringAttribute(node.attributes, 'reduction', 'none');
    if (reduction !== 'none' && reduction !== 'add')
      return fail('NO_GRADIENT', { op: `${put} (reduction ${reduction})`, node: node.name });
    const kept = (): string =>
      reduction === 'add'
        ? c.dy
        : m.g.op(
            put,
            [
              c.dy,
              indices,
              m.g.constant(float32(new Float32Array(size(c.shape(updates))), c.shape(updates))),
            ],
            attributes,
          );
    return [c.needs(0) ? kept() : null, null, c.needs(2) ? m.g.op(pick, [c.dy, indices], attributes) : null];
  };
const size = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

export const scatterElements = scatter('ScatterElements', 'GatherElements');
export const scatterND = scatter('ScatterND', 'GatherND');

/** The chosen values' gradients go back to where they stood. */
export const topK: GradientRule = (c) => {
  const { m, node } = c;
  const attributes = { axis: int(axisOf(c, -1)) };
  const table = zeros(m, c.shape(node.inputs[0]!));
  return [m.g.op('ScatterElements', [table, node.outputs[1]!, c.dy], attributes), null];
};
