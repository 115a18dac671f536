/** What the engine that will run the model wants its integers to look like. */
import type { ActivationFormat } from './affine.ts';

export interface QuantisationTarget {
  /** Format of their integers. */
  readonly activations: ActivationFormat;
  /**
   * True: a ReLU or Clip that the output's range expresses is left out, biases are int32, and activations without an
   * integer kernel are rewritten into ones that have one.
   */
  readonly integerForms: boolean;
  /** True: weights stay float behind a QuantizeLinear/DequantizeLinear pair; false: they are stored in int8. */
  readonly floatWeights: boolean;
}

/** Runtimes that run the quantised model, and the forms that each turns into integer kernels. */
export const TARGETS = {
  /**
   * ONNX Runtime's CPU provider. On x86 its rewriting to integer kernels takes only uint8 activations where a value has
   * two readers or a ReLU: int8 activations left most convolutions in float, three to four times slower (measured, see
   * docs/quantisation.md).
   */
  onnxruntime: {
    /** Unsigned, zero point anywhere. */
    activations: { dtype: 'uint8', symmetric: false },
    integerForms: true,
    floatWeights: false,
  },
  /** TensorRT's explicit quantisation: symmetric int8 throughout, float biases, ReLU before the quantisation. */
  tensorrt: {
    /** Signed, zero point 0. */
    activations: { dtype: 'int8', symmetric: true },
    integerForms: false,
    floatWeights: true,
  },
} as const satisfies Record<string, QuantisationTarget>;

/** Name of a runtime in {@link TARGETS}. */
export type TargetName = keyof typeof TARGETS;
