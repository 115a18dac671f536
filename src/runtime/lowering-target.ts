/** Which lowering of training graphs this machine's ONNX Runtime executes fastest. */
import { type LoweringTarget, PLAIN } from '../autodiff/lowering/target.ts';

export function loweringTarget(): LoweringTarget {
  return PLAIN;
}
