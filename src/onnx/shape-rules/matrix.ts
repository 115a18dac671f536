/** Products of matrices. */
import { intAttribute, stringAttribute } from '../attributes.ts';
import { parseEinsum } from '../einsum.ts';
import { broadcast, type Dim, input, problem, type Shape, type ShapeRule, table } from './context.ts';

const gemm: ShapeRule = (c) => {
  const a = input(c, 0).shape;
  const b = input(c, 1).shape;
  const transA = intAttribute(c.attributes, 'transA', 0) === 1;
  const transB = intAttribute(c.attributes, 'transB', 0) === 1;
  const [m, k] = transA ? [a[1]!, a[0]!] : [a[0]!, a[1]!];
  const [k2, n] = transB ? [b[1]!, b[0]!] : [b[0]!, b[1]!];
  if (typeof k === 'number' && typeof k2 === 'number' && k !== k2)
    problem(c, `inner sizes ${k} and ${k2} differ`);
  return [{ dtype: input(c, 0).dtype, shape: [m, n] }];
};

const matmul: ShapeRule = (c) => {
  const a = input(c, 0).shape;
  const b = input(c, 1).shape;
  // FusedMatMul (com.microsoft) may transpose the last two axes of either side.
  const swap = (s: Shape, on: boolean): Shape => (on ? [...s.slice(0, -2), s.at(-1)!, s.at(-2)!] : s);
  const left = swap(a.length === 1 ? [1, ...a] : a, intAttribute(c.attributes, 'transA', 0) === 1);
  const right = swap(b.length === 1 ? [...b, 1] : b, intAttribute(c.attributes, 'transB', 0) === 1);
  if (left.at(-1) !== right.at(-2)) problem(c, `inner sizes ${left.at(-1)} and ${right.at(-2)} differ`);
  const batch =
    broadcast(left.slice(0, -2), right.slice(0, -2)) ?? problem(c, 'batch shapes do not broadcast');
  const shape = [...batch];
  if (a.length > 1) shape.push(left.at(-2)!);
  if (b.length > 1) shape.push(right.at(-1)!);
  return [{ dtype: input(c, 0).dtype, shape }];
};

/** Size of every letter; axes of one element broadcast. */
const einsum: ShapeRule = (c) => {
  const text = stringAttribute(c.attributes, 'equation', '');
  const shapes = c.inputs.map((_, i) => input(c, i).shape);
  const equation = parseEinsum(
    text,
    shapes.map((s) => s.length),
  );
  if (equation === null) return problem(c, `the equation ${text} does not fit their axes`);
  const sizes = new Map<string, Dim>();
  equation.inputs.forEach((letters, i) => {
    [...letters].forEach((letter, axis) => {
      const size = shapes[i]![axis]!;
      const known = sizes.get(letter) ?? 1;
      if (known !== 1 && size !== 1 && known !== size) problem(c, `axis "${letter}" has two sizes`);
      if (known === 1) sizes.set(letter, size);
    });
  });
  const shape = [...equation.output].map((l) => sizes.get(l) ?? problem(c, `no axis "${l}"`));
  return [{ dtype: input(c, 0).dtype, shape }];
};

export const MATRIX_RULES: Readonly<Record<string, ShapeRule>> = {
  ...table(matmul, ['MatMul', 'FusedMatMul']),
  Gemm: gemm,
  Einsum: einsum,
};
