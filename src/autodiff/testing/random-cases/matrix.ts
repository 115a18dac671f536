/** Random matrix products. */
import { float, int, str } from '../../../onnx/graph-builder.ts';
import { broadcastable, type Draw, mutual, named, sizes } from './draw.ts';

export const matmul: Draw = (random, round) => {
  const batch = sizes(random, random.int(3), 3);
  const [rows, inner, columns] = sizes(random, 3, 5) as [number, number, number];
  const [left, right] =
    round % 3 === 2
      ? mutual(random, sizes(random, 2, 3))
      : [broadcastable(random, batch), broadcastable(random, batch)];
  const shapes = [
    [...left!, rows, inner],
    [...right!, inner, columns],
  ];
  // One side may be a vector.
  const vector = random.int(6);
  if (vector < 2) shapes[vector] = [inner];
  return {
    name: `MatMul ${named(shapes)}`,
    shapes,
    torch: 'torch.matmul(x0, x1)',
    build: (g, inputs) => g.op('MatMul', inputs),
  };
};

/** Contractions of attention and bilinear layers, and some with an axis summed away in one operand. */
const EQUATIONS = [
  'bhid,bhjd->bhij',
  'bhij,bhjd->bhid',
  'bid,od->bio',
  'ij,jk->ik',
  'ij,jk->ki',
  'bi,bj->bij',
  'bij,bk->bi',
  'bi,i->b',
  'bn,anm,bm->ba',
  'ij->ji',
  'ij->i',
];
/** Axes without names, and what they broadcast to. */
const ELLIPSES: readonly (readonly [string, ...(readonly number[])[]])[] = [
  ['...i,ij->...j', [2, 3, 4], [4, 5]],
  ['...id,...jd->...ij', [2, 3, 4, 5], [2, 1, 2, 5]],
  ['b...c,c->b...', [2, 3, 4, 5], [5]],
  ['...i,...i', [3, 1, 4], [3, 2, 4]],
  ['i...->...', [3, 2, 4]],
];
export const einsumOfUnnamed: readonly Draw[] = ELLIPSES.map(([equation, ...shapes]) => () => ({
  name: `Einsum ${equation} of ${named(shapes)}`,
  shapes,
  torch: `torch.einsum('${equation}', ${shapes.map((_, i) => `x${i}`).join(', ')})`,
  build: (g, inputs) => g.op('Einsum', inputs, { equation: str(equation) }),
}));

export const einsum: readonly Draw[] = EQUATIONS.map((equation) => (random) => {
  const size = new Map([...new Set(equation)].map((letter) => [letter, 1 + random.int(4)]));
  const operands = equation.split('->')[0]!.split(',');
  return {
    name: `Einsum ${equation} of ${[...size].filter(([l]) => /\w/.test(l)).join(' ')}`,
    shapes: operands.map((letters) => [...letters].map((letter) => size.get(letter)!)),
    torch: `torch.einsum('${equation}', ${operands.map((_, i) => `x${i}`).join(', ')})`,
    build: (g, inputs) => g.op('Einsum', inputs, { equation: str(equation) }),
  };
});

export const gemm: Draw = (random, round) => {
  const [rows, inner, columns] = sizes(random, 3, 6) as [number, number, number];
  const [transA, transB] = [round % 2, (round >> 1) % 2];
  const bias = broadcastable(random, [rows, columns]);
  const shapes = [transA ? [inner, rows] : [rows, inner], transB ? [columns, inner] : [inner, columns], bias];
  return {
    name: `Gemm ${named(shapes)} transposed ${transA} ${transB}`,
    shapes,
    torch: `0.5 * x0${transA ? '.T' : ''} @ x1${transB ? '.T' : ''} + 2 * x2`,
    build: (g, inputs) =>
      g.op('Gemm', inputs, { alpha: float(0.5), beta: float(2), transA: int(transA), transB: int(transB) }),
  };
};
