/**
 * QARepVGG block in its training form (Chu et al. 2024): as RepVGG, but only the 3×3 branch has a batch norm of its own,
 * and one more follows the sum. The merged kernel then has no outlier channels and quantises without loss.
 */
import type { NetworkBuilder } from '../builder.ts';
import { convBnAct } from './conv-bn-act.ts';
import type { RepVggOptions } from './rep-vgg.ts';

/**
 * A RepVGG block of which only the 3×3 branch has a batch norm of its own, and one more follows the sum, so that the
 * fused convolution keeps its accuracy in 8 bits (QARepVGG, Chu et al. 2024).
 * @returns the id of its output
 * @throws SHAPE as `NetworkBuilder`
 */
export function qaRepVgg(b: NetworkBuilder, x: string, options: RepVggOptions): string {
  const { out, stride, activation } = options;
  const branches = [
    b.scope('dense', () => convBnAct(b, x, { out, kernel: 3, stride, activation: null })),
    b.scope('pointwise', () => b.conv(x, { out, kernel: 1, stride })),
  ];
  if (stride === 1 && b.channels(x) === out) branches.push(x);
  return b.activation(b.batchNorm(b.add(branches)), activation);
}
