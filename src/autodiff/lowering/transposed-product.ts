/** Products of a transposed matrix, such as the weight gradients of dense layers: dW = dYᵀ·X. */
import { int } from '../../onnx/graph-builder.ts';
import { intAttribute } from '../../onnx/shape-rules.ts';
import type { BlockedHandler } from './handler.ts';
import { type Layouts, NCHWC_DOMAIN } from './layouts.ts';

/**
 * Columns of the result from which it pays. ONNX Runtime's product transposes its first factor anew for every 128 columns
 * (from reading times: 512×256 by 256×512 takes 0.66 ms transposed, 0.57 not).
 */
const LEAST_COLUMNS = 256;

/** A product whose first factor is transposed takes it transposed already. */
export const gemm: BlockedHandler = (l, node) => {
  const [a, b, c] = node.inputs as [string, string, string?];
  if (intAttribute(node.attributes, 'transA', 0) === 0) return false;
  const [output] = node.outputs as [string];
  const [inner, rows] = l.shape(a) as [number, number];
  const columns = l.shape(output)[1]!;
  if (columns < LEAST_COLUMNS || inner % l.block !== 0) return false;
  const factors = [transposed(l, l.plain(a), inner, rows), l.plain(b), ...(c ? [l.plain(c)] : [])];
  l.setPlain(output, l.m.g.op('Gemm', factors, { ...node.attributes, transA: int(0) }, node.name));
  return true;
};

/**
 * [p, q] → [q, p]: blocked as an image of p channels, and put back with the channels innermost. Both kernels use all threads,
 * and together take less time than the operator `Transpose`.
 */
function transposed({ m }: Layouts, matrix: string, p: number, q: number): string {
  const image = m.reshape(matrix, [1, p, 1, q]);
  const [blocked] = m.g.node('ReorderInput', [image], {
    domain: NCHWC_DOMAIN,
    types: [{ dtype: 'float32', shape: [1, p, 1, q] }],
  });
  const [turned] = m.g.node('ReorderOutput', [blocked!], {
    domain: NCHWC_DOMAIN,
    attributes: { channels: int(p), channels_last: int(1) },
    types: [{ dtype: 'float32', shape: [1, 1, q, p] }],
  });
  return m.reshape(turned!, [q, p]);
}
