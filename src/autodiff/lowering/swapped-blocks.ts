import { int } from '../../onnx/graph-builder.ts';
import { type Layouts, NCHWC_DOMAIN } from './layouts.ts';

/**
 * Two axes of blocks swapped: [n, p, q, b] → [n, q, p, b] in memory, b numbers in a block.
 *
 * To the kernel that blocks images of which the channels lie innermost, p is the pixels and q·b the channels. It moves
 * blocks faster than a transpose does, and by all threads.
 */
export function swappedBlocks(
  { m, block }: Layouts,
  value: string,
  [n, p, q]: readonly [number, number, number],
): string {
  return m.g.node('ReorderInput', [m.reshape(value, [n, 1, p, q * block])], {
    domain: NCHWC_DOMAIN,
    attributes: { channels_last: int(1) },
    types: [{ dtype: 'float32', shape: [n, q * block, 1, p] }],
  })[0]!;
}
