/** Short names for the ONNX operators that gradient rules are written in, so that a rule reads like its formula. */
import { float32, type GraphBuilder, int, int64, ints } from '../onnx/graph-builder.ts';
import type { Shape } from '../onnx/shape-rules.ts';

/** Which sides of a product are read with their last two axes exchanged; neither by default. */
interface Transposed {
  /** The left one. */
  readonly a?: boolean;
  /** The right one. */
  readonly b?: boolean;
}

/**
 * Writes arithmetic on float32 values into a graph: each function emits nodes and gives the name of the result. What
 * losses and optimisers are built with. Two operands are broadcast as in ONNX (numpy's rules); shapes that do not fit
 * throw SHAPE.
 */
export interface Arithmetic {
  /** The graph that is written into, for operators that have no short name here. */
  readonly g: GraphBuilder;
  /** a + b, elementwise. */
  add(a: string, b: string): string;
  /** a − b, elementwise. */
  sub(a: string, b: string): string;
  /** a · b, elementwise. */
  mul(a: string, b: string): string;
  /** a / b, elementwise. */
  div(a: string, b: string): string;
  /** −a. */
  neg(a: string): string;
  /** A float32 scalar constant. */
  scalar(value: number): string;
  /** a · factor; `a` itself where the factor is 1. */
  scale(a: string, factor: number): string;
  /** Elements of `a` where the condition (bool) is true, else of `b`. */
  where(condition: string, a: string, b: string): string;
  /** The elements of `a` in row-major order under another shape of as many. */
  reshape(a: string, shape: readonly number[]): string;
  /** Axis i of the result is axis `perm[i]` of `a`. */
  transpose(a: string, perm: readonly number[]): string;
  /** Sum over the axes (from 0), which stay with length 1 where `keep` is true; `a` itself where there are no axes. */
  sum(a: string, axes: readonly number[], keep: boolean): string;
  /** Mean over the axes, as `sum`. */
  mean(a: string, axes: readonly number[], keep: boolean): string;
  /** Matrix product of the last two axes, batched over those before. */
  matmul(a: string, b: string): string;
  /** Matrix product with the last two axes of either side transposed on the fly (ONNX Runtime's own operator). */
  matmulT(a: string, b: string, transposed: Transposed): string;
  /**
   * Elements `start`, `start + step`, … before `end` of one axis; negative places count from its end. `step` is 1 by
   * default.
   */
  slice(a: string, axis: number, start: number, end: number, step?: number): string;
  /** The elements of one axis in reverse order. */
  reverse(a: string, axis: number): string;
  /** Constant-zero padding: begin and end of every axis. */
  pad(a: string, begins: readonly number[], ends: readonly number[]): string;
  /** Broadcast to the shape. */
  expand(a: string, shape: readonly number[]): string;
}

/** The shape of a value, all of whose axes must be known (training graphs have a fixed batch). */
export function staticShape(shape: Shape): readonly number[] {
  if (shape.some((d) => typeof d !== 'number')) throw new Error(`shape [${shape.join()}] is not static`);
  return shape as readonly number[];
}

export const sameShape = (a: Shape, b: Shape): boolean =>
  a.length === b.length && a.every((d, i) => d === b[i]);

/** @param isLeaf values that nothing is read past: gradients are asked for by their names */
export function arithmetic(g: GraphBuilder, isLeaf: (value: string) => boolean = () => false): Arithmetic {
  const reduced = (op: string, a: string, axes: readonly number[], keep: boolean): string =>
    g.op(op, [a, g.constant(int64(axes))], { keepdims: int(keep ? 1 : 0) });
  const self: Arithmetic = {
    g,
    add: (a, b) => g.op('Add', [a, b]),
    sub: (a, b) => g.op('Sub', [a, b]),
    mul: (a, b) => g.op('Mul', [a, b]),
    div: (a, b) => g.op('Div', [a, b]),
    neg: (a) => g.op('Neg', [a]),
    scalar: (value) => g.constant(float32(value)),
    scale(a, factor) {
      if (factor === 1) return a;
      // Of the same rank: ONNX Runtime goes through an image [N, C, 1, 1] times a bare scalar element by element.
      const ones = g.shape(a).map(() => 1);
      return g.op('Mul', [a, g.constant(float32([factor], ones))]);
    },
    where: (condition, a, b) => g.op('Where', [condition, a, b]),
    reshape: (a, shape) => {
      // One reshape in place of a chain.
      let source = a;
      for (let by = g.producer(a); by?.op === 'Reshape' && !isLeaf(source); by = g.producer(source))
        source = by.inputs[0]!;
      return sameShape(g.shape(source), shape)
        ? source
        : g.op('Reshape', [source, g.constant(int64(shape))], { allowzero: int(1) });
    },
    transpose: (a, perm) => {
      const shape = staticShape(g.shape(a));
      const moved = perm.filter((axis) => shape[axis] !== 1);
      // Where only axes of one element change places, memory stays as it is.
      if (moved.every((axis, i) => i === 0 || axis > moved[i - 1]!))
        return self.reshape(
          a,
          perm.map((axis) => shape[axis]!),
        );
      return g.op('Transpose', [a], { perm: ints(perm) });
    },
    sum: (a, axes, keep) => (axes.length === 0 ? a : reduced('ReduceSum', a, axes, keep)),
    mean: (a, axes, keep) => (axes.length === 0 ? a : reduced('ReduceMean', a, axes, keep)),
    matmul: (a, b) => g.op('MatMul', [a, b]),
    matmulT: (a, b, t) =>
      g.node('FusedMatMul', [a, b], {
        domain: 'com.microsoft',
        attributes: { transA: int(t.a ? 1 : 0), transB: int(t.b ? 1 : 0) },
      })[0]!,
    slice: (a, axis, start, end, step = 1) =>
      g.op('Slice', [a, ...[[start], [end], [axis], [step]].map((v) => g.constant(int64(v)))]),
    reverse: (a, axis) => (g.shape(a)[axis] === 1 ? a : self.slice(a, axis, -1, -2147483648, -1)),
    pad: (a, begins, ends) =>
      [...begins, ...ends].every((p) => p === 0)
        ? a
        : g.op('Pad', [a, g.constant(int64([...begins, ...ends]))]),
    expand: (a, shape) => (sameShape(shape, g.shape(a)) ? a : g.op('Expand', [a, g.constant(int64(shape))])),
  };
  return self;
}

/** Sums a gradient over the axes along which its input was broadcast (numpy rules). */
export function unbroadcast(m: Arithmetic, gradient: string, target: Shape): string {
  const from = staticShape(m.g.shape(gradient));
  const to = staticShape(target);
  if (sameShape(from, to)) return gradient;
  const lead = from.length - to.length;
  const axes = from.flatMap((d, i) => (i < lead || (to[i - lead] === 1 && d !== 1) ? [i] : []));
  return m.reshape(m.sum(gradient, axes, true), to);
}
