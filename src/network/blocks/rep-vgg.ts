/** RepVGG block in its training form (Ding et al. 2021): 3×3, 1×1 and identity branches, later one convolution. */
import type { NetworkBuilder } from '../builder.ts';
import type { ActivationName } from '../network.ts';
import { convBnAct } from './conv-bn-act.ts';

/** Of {@link repVgg} and {@link qaRepVgg}. */
export interface RepVggOptions {
  /** Output channels. */
  readonly out: number;
  /** Of both convolutions; with 1 and as many channels as before there is an identity branch too. */
  readonly stride: number;
  /** Of the sum. */
  readonly activation: ActivationName;
}

/**
 * 3×3, 1×1 and identity branches, each with batch norm, that are trained apart and fused into one convolution for
 * inference (RepVGG, Ding et al. 2021).
 * @returns the id of its output
 * @throws SHAPE as `NetworkBuilder`
 */
export function repVgg(b: NetworkBuilder, x: string, options: RepVggOptions): string {
  const { out, stride, activation } = options;
  const branches = [
    b.scope('dense', () => convBnAct(b, x, { out, kernel: 3, stride, activation: null })),
    b.scope('pointwise', () => convBnAct(b, x, { out, kernel: 1, stride, activation: null })),
  ];
  if (stride === 1 && b.channels(x) === out) branches.push(b.scope('identity', () => b.batchNorm(x)));
  return b.activation(b.add(branches), activation);
}
