/** Attention of operator set 23 and later in its parts (Vaswani et al. 2017; grouped queries: Ainslie et al. 2023). */
import { floatAttribute, intAttribute } from '../attributes.ts';
import { int, ints } from '../graph-builder.ts';
import type { Tensor } from '../model.ts';
import { fixedSizes, type PartList, partList } from './part-list.ts';
import type { Upgrade } from './upgrades.ts';

/** Added to scores that do not count. Its exponential is zero, and it is finite, so that it is not taken for a fault. */
const MASKED = -1e30;

const scalar = (value: number): Tensor => ({ dtype: 'float32', shape: [], data: Float32Array.of(value) });

/**
 * softmax(cap·tanh(scale·Q·Kᵀ/cap) + mask)·V, the bound where there is one, heads as an axis of their own or side by side in the last one. As it is where sizes are not
 * known, and where it keeps keys and values of earlier calls or hands out more than the result: that is not for training.
 */
export const attention: Upgrade = (context) => {
  const { node, type, define } = context;
  const [q, k, v, mask, ...cache] = node.inputs as [string, string, string, ...string[]];
  const sizes = [q, k, v].map((value) => fixedSizes(context, value));
  if (sizes.some((size) => size === null) || cache.some((name) => name !== '')) return [node];
  if (node.outputs.slice(1).some((name) => name !== '')) return [node];
  const isFlat = sizes[0]!.length === 3;
  const queryHeads = isFlat ? intAttribute(node.attributes, 'q_num_heads', 0) : sizes[0]![1]!;
  const heads = isFlat ? intAttribute(node.attributes, 'kv_num_heads', 0) : sizes[1]![1]!;
  if (!(queryHeads > 0 && heads > 0 && queryHeads % heads === 0)) return [node];

  const parts = partList(context);
  const apart = (value: string, size: readonly number[], count: number): HeadsValue =>
    isFlat ? headsApart(parts, value, size, count) : { value, size };
  const query = apart(q, sizes[0]!, queryHeads);
  const key = repeated(parts, apart(k, sizes[1]!, heads), queryHeads);
  const values = repeated(parts, apart(v, sizes[2]!, heads), queryHeads);

  const scale = floatAttribute(node.attributes, 'scale', 1 / Math.sqrt(query.size[3]!));
  const scaled = parts.emit('Mul', [query.value, define(scalar(scale))]);
  let scores = parts.emit('MatMul', [
    scaled,
    parts.emit('Transpose', [key.value], { perm: ints([0, 1, 3, 2]) }),
  ]);
  const cap = floatAttribute(node.attributes, 'softcap', 0);
  if (cap > 0) {
    const bounded = parts.emit('Tanh', [parts.emit('Div', [scores, define(scalar(cap))])]);
    scores = parts.emit('Mul', [bounded, define(scalar(cap))]);
  }
  if (mask) {
    const isBoolean = type(mask)?.dtype === 'bool';
    const added = isBoolean ? parts.emit('Where', [mask, define(scalar(0)), define(scalar(MASKED))]) : mask;
    scores = parts.emit('Add', [scores, added]);
  }
  if (intAttribute(node.attributes, 'is_causal', 0) === 1)
    scores = parts.emit('Add', [scores, define(causalMask(query.size[2]!, key.size[2]!))]);
  const mixed = [parts.emit('Softmax', [scores]), values.value];
  const output = node.outputs[0]!;
  if (!isFlat) {
    parts.emit('MatMul', mixed, {}, output);
    return parts.nodes;
  }
  const together = parts.emit('Transpose', [parts.emit('MatMul', mixed)], { perm: ints([0, 2, 1, 3]) });
  parts.reshape(together, [query.size[0]!, query.size[2]!, queryHeads * values.size[3]!], output);
  return parts.nodes;
};

/** [batch, heads, length, size of a head]. */
interface HeadsValue {
  readonly value: string;
  readonly size: readonly number[];
}

/** [batch, length, heads·size] to [batch, heads, length, size]. */
export function headsApart(
  parts: PartList,
  value: string,
  [batch, length, width]: readonly number[],
  heads: number,
): HeadsValue {
  const size = width! / heads;
  const split = parts.reshape(value, [batch!, length!, heads, size]);
  return {
    value: parts.emit('Transpose', [split], { perm: ints([0, 2, 1, 3]) }),
    size: [batch!, heads, length!, size],
  };
}

/** Each head as often as there are queries for it. */
function repeated(parts: PartList, { value, size }: HeadsValue, heads: number): HeadsValue {
  const [batch, own, length, width] = size as [number, number, number, number];
  if (own === heads) return { value, size };
  const one = parts.reshape(value, [batch, own, 1, length * width]);
  const several = parts.emit('Concat', new Array<string>(heads / own).fill(one), { axis: int(2) });
  const all = [batch, heads, length, width];
  return { value: parts.reshape(several, all), size: all };
}

/** A query sees the keys up to its own place. */
function causalMask(queries: number, keys: number): Tensor {
  const data = Float32Array.from({ length: queries * keys }, (_, i) =>
    i % keys > Math.floor(i / keys) ? MASKED : 0,
  );
  return { dtype: 'float32', shape: [queries, keys], data };
}
