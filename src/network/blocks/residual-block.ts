/** Basic residual block (He et al. 2016): two convolutions and a shortcut, projected where the shape changes. */
import type { NetworkBuilder } from '../builder.ts';
import type { ActivationName } from '../network.ts';
import { convBnAct } from './conv-bn-act.ts';

/** Of {@link residualBlock}. */
export interface ResidualBlockOptions {
  /** Output channels. */
  readonly out: number;
  /** Side of both windows in pixels. */
  readonly kernel: number;
  /** Of the first convolution and the shortcut. */
  readonly stride: number;
  /** After the first convolution and after the sum. */
  readonly activation: ActivationName;
}

/**
 * Two convolutions with batch norm beside a shortcut, which is projected by a 1×1 convolution where the shape changes
 * (the basic block of ResNet, He et al. 2016).
 * @returns the id of its output
 * @throws SHAPE as `NetworkBuilder`
 */
export function residualBlock(b: NetworkBuilder, x: string, options: ResidualBlockOptions): string {
  const { out, kernel, stride, activation } = options;
  const first = b.scope('conv1', () => convBnAct(b, x, { out, kernel, stride, activation }));
  const second = b.scope('conv2', () => convBnAct(b, first, { out, kernel, activation: null }));
  const same = stride === 1 && b.channels(x) === out;
  const shortcut = same
    ? x
    : b.scope('shortcut', () => convBnAct(b, x, { out, kernel: 1, stride, activation: null }));
  return b.activation(b.add([second, shortcut]), activation);
}
