/** Phases of an image put between each other: the last step of every gradient that goes up in resolution. */
import { type Arithmetic, staticShape } from '../arithmetic.ts';

/** An image of s₀·s₁ phases: the pixels (s₀·a + i, s₁·b + j) for each (i, j), as images of their own. */
export interface Phased {
  /** Blocked [N, s₀·s₁·C, H, W]: the phases one after another. */
  readonly phases: string;
  readonly strides: readonly [number, number];
}

/** Phases → the blocked image [N, C, s₀·H, s₁·W]. */
export function interleave(
  m: Arithmetic,
  block: number,
  { phases, strides: [s0, s1] }: Phased,
  [n, channels, height, width]: readonly number[],
): string {
  const [, , rows, columns] = staticShape(m.g.shape(phases)) as [number, number, number, number];
  const apart = m.reshape(phases, [n!, s0, s1, channels! / block, rows, columns, block]);
  return m.reshape(m.transpose(apart, [0, 3, 4, 1, 5, 2, 6]), [n!, channels!, height!, width!]);
}
