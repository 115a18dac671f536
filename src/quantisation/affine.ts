/**
 * The arithmetic of quantised tensors: real = scale · (integer − zero point) (Jacob et al. 2018; ONNX QuantizeLinear).
 */
import type { Tensor } from '../onnx/model.ts';

/** Interval of real values that a tensor's integers cover. Always holds 0, which padding and ReLU need exactly. */
export interface Range {
  /** At most 0. */
  readonly low: number;
  /** At least 0. */
  readonly high: number;
}

/** Types of quantised numbers: 0..255, or −128..127. */
export type IntegerType = 'uint8' | 'int8';

export interface Affine {
  /** A float32 number above 0. */
  readonly scale: number;
  readonly zeroPoint: number;
  readonly dtype: IntegerType;
}

export const LIMITS = {
  uint8: { low: 0, high: 255 },
  int8: { low: -128, high: 127 },
} as const satisfies Record<IntegerType, Range>;

/** How activations are quantised: over their whole range, or symmetrically around 0 with zero point 0. */
export interface ActivationFormat {
  /** Of their integers. */
  readonly dtype: IntegerType;
  /** Whether the zero point is 0. */
  readonly symmetric: boolean;
}

/** Scale and zero point that spread the integers over `range`. */
export function affineOf(range: Range, { dtype, symmetric }: ActivationFormat): Affine {
  const limits = LIMITS[dtype];
  const low = Math.min(0, range.low);
  const high = Math.max(0, range.high);
  if (symmetric) return { scale: positiveScale(Math.max(-low, high) / limits.high), zeroPoint: 0, dtype };
  const scale = positiveScale((high - low) / (limits.high - limits.low));
  const zeroPoint = Math.min(limits.high, Math.max(limits.low, limits.low + roundHalfEven(-low / scale)));
  return { scale, zeroPoint, dtype };
}

/** A tensor that is always 0 has no scale of its own; a subnormal one would divide to infinity. */
const positiveScale = (scale: number): number => (scale > 1e-30 ? Math.fround(scale) : 1);

/** As ONNX rounds: halves to the even neighbour. */
export function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return rest < 0.5 ? floor : floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}

/** The integer that stands for a real value (QuantizeLinear). */
export function quantiseValue(value: number, { scale, zeroPoint, dtype }: Affine): number {
  const { low, high } = LIMITS[dtype];
  return Math.min(high, Math.max(low, roundHalfEven(Math.fround(value / scale)) + zeroPoint));
}

/** A tensor in integers. */
export function quantiseTensor(tensor: Tensor, affine: Affine): Tensor {
  const data = new (affine.dtype === 'uint8' ? Uint8Array : Int8Array)(tensor.data.length);
  for (let i = 0; i < data.length; i++) data[i] = quantiseValue(Number(tensor.data[i]), affine);
  return { dtype: affine.dtype, shape: tensor.shape, data };
}
