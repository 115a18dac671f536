/** What a training graph is lowered for. */
export type LoweringTarget =
  /**
   * Standard operators in NCHW, but for the gradients of MatMul and Resize, which have ONNX Runtime's FusedMatMul: the
   * reference that the others are checked against.
   */
  | { readonly kind: 'plain' }
  /** ONNX Runtime's blocked CPU layout. */
  | {
      readonly kind: 'blocked';
      /** Channels that lie innermost: 16 with AVX-512, 8 with AVX2. Another than the processor's gives wrong numbers. */
      readonly block: 8 | 16;
    };

export const PLAIN: LoweringTarget = { kind: 'plain' };
