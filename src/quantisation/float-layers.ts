/** Which layers of a quantised model compute in float in the end, and why: as planned, or because the engine did not merge them. */
import type { KernelReport } from './kernels.ts';
import type { FloatLayer } from './plan.ts';
import type { QuantisedLayer } from './quantise.ts';

const PRODUCTS: ReadonlySet<string> = new Set(['Conv', 'Gemm', 'MatMul']);

/** Names of products that are quantised and that ONNX Runtime computes in float nevertheless. */
export function unmergedLayers(
  layers: readonly QuantisedLayer[],
  { integerLayers, float }: KernelReport,
): string[] {
  const planned = layers.filter(({ integer, op }) => integer && PRODUCTS.has(op)).map(({ name }) => name);
  // An engine that gives its kernels other names must not be taken for one that does not merge.
  if (integerLayers.length >= planned.length) return [];
  const merged = new Set(integerLayers);
  const missing = planned.filter((name) => !merged.has(name));
  if (missing.length === planned.length - integerLayers.length) return missing;
  const inFloat = new Set(float.map(({ name }) => name));
  const seen = planned.filter((name) => inFloat.has(name));
  return seen.length > 0 ? seen : missing;
}

/** In the order of the model, those that were not merged last. */
export function floatLayers(layers: readonly QuantisedLayer[], unmerged: readonly string[]): FloatLayer[] {
  const ops = new Map(layers.map(({ name, op }) => [name, op]));
  return [
    ...layers.flatMap(({ name, op, integer, reason }) =>
      integer ? [] : [{ name, op, reason: reason ?? 'it stays in float' }],
    ),
    ...unmerged.map((name) => ({
      name,
      op: ops.get(name) ?? '',
      reason: 'it is quantised, but ONNX Runtime does not merge it into an integer kernel',
    })),
  ];
}
