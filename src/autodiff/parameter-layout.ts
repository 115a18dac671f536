/**
 * Where each weight lies in the flat vectors of a training graph.
 *
 * All trainable weights form one vector and all running averages another: an optimiser is then a handful of nodes
 * whatever the network, and a checkpoint a handful of tensors.
 */
import { fail } from '../errors.ts';
import type { Tensor } from '../onnx/model.ts';

/** Where one tensor stands in a flat vector: elements `offset` to `offset + length`, row by row. */
export interface LayoutEntry {
  /** The initialiser's name in the model. */
  readonly name: string;
  /** Its shape in the model. */
  readonly shape: readonly number[];
  /** Place of its first element. */
  readonly offset: number;
  /** Its number of elements, 1 for a scalar. */
  readonly length: number;
}

/** How named tensors stand one behind the other in a flat float32 vector of `length` elements. */
export interface VectorLayout {
  /** In order, without gaps. */
  readonly entries: readonly LayoutEntry[];
  /** Elements of the whole vector. */
  readonly length: number;
}

export function vectorLayout(
  tensors: readonly { readonly name: string; readonly shape: readonly number[] }[],
): VectorLayout {
  let offset = 0;
  const entries = tensors.map(({ name, shape }) => {
    const length = shape.reduce((a, b) => a * b, 1);
    const entry = { name, shape, offset, length };
    offset += length;
    return entry;
  });
  return { entries, length: offset };
}

/** A vector [P] that has one value for all elements of a tensor, e.g. a weight decay. */
export function entryVector(layout: VectorLayout, value: (entry: LayoutEntry) => number): Float32Array {
  const vector = new Float32Array(layout.length);
  for (const e of layout.entries) vector.fill(value(e), e.offset, e.offset + e.length);
  return vector;
}

/**
 * Copies tensors into one flat vector; those that the layout does not name are left out.
 * @throws SHAPE when a tensor of the layout is missing, not float32 or of another length
 */
export function pack(layout: VectorLayout, tensors: ReadonlyMap<string, Tensor>): Float32Array {
  const flat = new Float32Array(layout.length);
  for (const { name, shape, offset, length } of layout.entries) {
    const tensor = tensors.get(name);
    if (tensor?.dtype === 'float32' && tensor.data.length === length)
      flat.set(tensor.data as Float32Array, offset);
    else {
      const found = tensor ? `is ${tensor.dtype} [${tensor.shape.join(', ')}]` : 'is missing';
      const reason = `it must be float32 [${shape.join(', ')}], and ${found}`;
      fail('SHAPE', { layer: name, operator: 'weight', reason });
    }
  }
  return flat;
}

/**
 * The tensors of a flat vector, as copies in float32.
 * @throws SHAPE when the vector is not as long as the layout
 */
export function unpack(layout: VectorLayout, flat: Float32Array): Map<string, Tensor> {
  if (flat.length !== layout.length)
    fail('SHAPE', {
      layer: 'the flat vector',
      operator: 'unpack',
      reason: `it has ${flat.length} elements, the layout ${layout.length}`,
    });
  return new Map(
    layout.entries.map(({ name, shape, offset, length }) => [
      name,
      { dtype: 'float32' as const, shape, data: flat.slice(offset, offset + length) },
    ]),
  );
}
