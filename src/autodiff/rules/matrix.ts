/** Gradients of matrix products. */
import { floatAttribute, intAttribute } from '../../onnx/shape-rules.ts';
import { unbroadcast } from '../arithmetic.ts';
import type { GradientRule } from '../rule.ts';

/** Y = α·A′B′ + β·C, where ′ is an optional transpose. */
export const gemm: GradientRule = (c) => {
  const { m, node, dy } = c;
  const [a, b, bias] = node.inputs as [string, string, string?];
  const alpha = floatAttribute(node.attributes, 'alpha', 1);
  const beta = floatAttribute(node.attributes, 'beta', 1);
  const transA = intAttribute(node.attributes, 'transA', 0) === 1;
  const transB = intAttribute(node.attributes, 'transB', 0) === 1;
  const flag = (on: boolean) => ({ type: 'int' as const, value: on ? 1 : 0 });
  const product = (x: string, tx: boolean, y: string, ty: boolean): string =>
    m.g.op('Gemm', [x, y], { alpha: { type: 'float', value: alpha }, transA: flag(tx), transB: flag(ty) });
  const da = !c.needs(0) ? null : transA ? product(b, transB, dy, true) : product(dy, false, b, !transB);
  const db = !c.needs(1) ? null : transB ? product(dy, true, a, transA) : product(a, !transA, dy, false);
  const dc = bias === undefined || !c.needs(2) ? null : unbroadcast(m, m.scale(dy, beta), c.shape(bias));
  return [da, db, dc].slice(0, node.inputs.length);
};

/** Batched product with broadcasting of the batch axes; vectors are treated as matrices of one row or column. */
export const matmul: GradientRule = (c) => {
  const { m, node } = c;
  const [a, b] = node.inputs as [string, string];
  const sa = c.shape(a);
  const sb = c.shape(b);
  const matrixA = m.reshape(a, sa.length === 1 ? [1, ...sa] : sa);
  const matrixB = m.reshape(b, sb.length === 1 ? [...sb, 1] : sb);
  const rows = c.shape(matrixA).at(-2)!;
  const columns = c.shape(matrixB).at(-1)!;
  const dyShape = c.shape(c.dy);
  const batch = dyShape.slice(0, dyShape.length - (sa.length > 1 ? 1 : 0) - (sb.length > 1 ? 1 : 0));
  const dy = m.reshape(c.dy, [...batch, rows, columns]);
  const back = (gradient: string, matrix: string, shape: readonly number[]): string =>
    m.reshape(unbroadcast(m, gradient, c.shape(matrix)), shape);
  return [
    c.needs(0) ? back(m.matmulT(dy, matrixB, { b: true }), matrixA, sa) : null,
    c.needs(1) ? back(m.matmulT(matrixA, dy, { a: true }), matrixB, sb) : null,
  ];
};
