/** Phases of an image put between each other: the last step of every gradient that goes up in resolution. */
import type { Layouts } from './layouts.ts';

/**
 * Blocked [N, s₀·s₁·C, H, W], one image of C channels for each phase, → blocked [N, C, s₀·H, s₁·W] in which phase (i, j)
 * has every pixel (s₀·a + i, s₁·b + j).
 */
export function interleave(
  l: Layouts,
  phases: string,
  [s0, s1]: readonly [number, number],
  [n, channels, height, width]: readonly [number, number, number, number],
): string {
  const { m, block } = l;
  const apart = m.reshape(phases, [n, s0, s1, channels / block, height, width, block]);
  return m.reshape(m.transpose(apart, [0, 3, 4, 1, 5, 2, 6]), [n, channels, height * s0, width * s1]);
}
