/** Gradient of training-mode batch normalisation (Ioffe & Szegedy 2015). Other norms are decomposed before. */
import type { GradientRule } from '../rule.ts';
import { batchNormGradient } from '../training-operators.ts';

export const batchNorm: GradientRule = (c) => {
  const [x, scale] = c.node.inputs as [string, string];
  const [, mean, , inverseStd] = c.node.outputs as [string, string, string, string];
  return batchNormGradient(c.m.g, c.dy, x, scale, mean, inverseStd, `${c.node.name}/gradient`);
};
