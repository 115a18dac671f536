/** Phases of an image put between each other: the last step of every gradient that goes up in resolution. */
import { int } from '../../onnx/graph-builder.ts';
import type { Arithmetic } from '../arithmetic.ts';

/** An image of s₀·s₁ phases: the pixels (s₀·a + i, s₁·b + j) for each (i, j), as images of their own. */
export interface Phased {
  /** Blocked [N, C, H, W] each, (i, j) at i·s₁ + j; null for one that is zero, at least one is not. */
  readonly parts: readonly (string | null)[];
  readonly strides: readonly [number, number];
}

/** Two images of the same phases added. */
export const addPhases = (m: Arithmetic, a: Phased, b: Phased): Phased => ({
  strides: a.strides,
  parts: a.parts.map((part, i) => {
    const other = b.parts[i]!;
    return part === null || other === null ? (part ?? other) : m.add(part, other);
  }),
});

/** Phases → the blocked image [N, C, s₀·H, s₁·W]: joined column by column, then row by row. */
export function interleave(
  m: Arithmetic,
  block: number,
  { parts, strides: [s0, s1] }: Phased,
  [n, channels, height, width]: readonly number[],
): string {
  const rows = (n! * channels! * height!) / block / s0;
  const byColumn = [rows, width! / s1, block];
  const whole = Array.from({ length: s0 }, (_, i) => {
    const columns = parts
      .slice(i * s1, (i + 1) * s1)
      .map((part) => (part === null ? m.expand(m.scalar(0), byColumn) : m.reshape(part, byColumn)));
    return m.reshape(joined(m, columns, 2), [rows, width! * block]);
  });
  return m.reshape(joined(m, whole, 1), [n!, channels!, height!, width!]);
}

const joined = (m: Arithmetic, parts: readonly string[], axis: number): string =>
  parts.length === 1 ? parts[0]! : m.g.op('Concat', parts, { axis: int(axis) });
