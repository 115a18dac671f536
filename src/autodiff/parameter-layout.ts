/**
 * Where each weight lies in the flat vectors of a training graph.
 *
 * All trainable weights form one vector and all running averages another: an optimiser is then a handful of nodes
 * whatever the network, and a checkpoint a handful of tensors.
 */
import type { Tensor } from '../onnx/model.ts';

/** Where one tensor stands in a flat vector: elements `offset` to `offset + length`, row by row. */
export interface LayoutEntry {
  readonly name: string;
  readonly shape: readonly number[];
  readonly offset: number;
  readonly length: number;
}

/** How named tensors stand one behind the other in a flat float32 vector of `length` elements. */
export interface VectorLayout {
  readonly entries: readonly LayoutEntry[];
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

/** A vector that has one value for all elements of a tensor, e.g. a weight decay. */
export function entryVector(layout: VectorLayout, value: (entry: LayoutEntry) => number): Float32Array {
  const vector = new Float32Array(layout.length);
  for (const e of layout.entries) vector.fill(value(e), e.offset, e.offset + e.length);
  return vector;
}

/** Copies tensors into one flat vector. */
export function pack(layout: VectorLayout, tensors: ReadonlyMap<string, Tensor>): Float32Array {
  const flat = new Float32Array(layout.length);
  for (const { name, offset } of layout.entries) flat.set(tensors.get(name)!.data as Float32Array, offset);
  return flat;
}

/** The tensors of a flat vector (copies). */
export function unpack(layout: VectorLayout, flat: Float32Array): Map<string, Tensor> {
  return new Map(
    layout.entries.map(({ name, shape, offset, length }) => [
      name,
      { dtype: 'float32' as const, shape, data: flat.slice(offset, offset + length) },
    ]),
  );
}
