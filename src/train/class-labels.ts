/** Labels that are numbers of classes, held against the number of classes before a step: the graph cannot say anything. */
import type { ClassLabels } from '../autodiff/losses/loss.ts';
import { fail } from '../errors.ts';
import type { Tensor } from '../onnx/model.ts';

/** @throws MODEL_INPUT for a label that is no class and not the one that is ignored */
export function checkClassLabels(
  labels: readonly ClassLabels[],
  feeds: Readonly<Record<string, Tensor>>,
): void {
  for (const { input, classes, ignored } of labels) {
    const data = feeds[input]?.data;
    if (!(data instanceof BigInt64Array)) continue;
    const at = firstBeyond(data, classes, ignored);
    if (at !== null)
      fail('MODEL_INPUT', {
        reason: `element ${at} of "${input}" is ${data[at]}, and there are ${classes} classes, 0 to ${classes - 1}`,
        hint: 'Correct the labels; if that number marks what does not count, say so with `ignoreIndex` of the cross-entropy.',
      });
  }
}

/**
 * Place of the first label outside 0..classes − 1. Read as pairs of 32 bits, the lower first, as all machines that ONNX
 * Runtime runs on have them: elements of a BigInt64Array are objects, and take ten times as long.
 */
function firstBeyond(data: BigInt64Array, classes: number, ignored: number | null): number | null {
  const halves = new Int32Array(data.buffer, data.byteOffset, 2 * data.length);
  const skipped = ignored === null ? null : new Int32Array(BigInt64Array.of(BigInt(ignored)).buffer);
  for (let i = 0; i < halves.length; i += 2) {
    const low = halves[i]!;
    const high = halves[i + 1]!;
    if (high === 0 && low >= 0 && low < classes) continue;
    if (skipped === null || low !== skipped[0] || high !== skipped[1]) return i / 2;
  }
  return null;
}
