/** What a training graph is lowered for. */
export type LoweringTarget =
  /** Standard operators in NCHW: runs everywhere; the reference that the others are checked against. */
  | { readonly kind: 'plain' }
  /** ONNX Runtime's blocked CPU layout with `block` channels innermost (16 with AVX-512, 8 with AVX2). */
  | { readonly kind: 'blocked'; readonly block: 8 | 16 };

export const PLAIN: LoweringTarget = { kind: 'plain' };
