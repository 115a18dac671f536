/**
 * Straight-through estimator (Bengio et al. 2013): rounding passes the gradient as it is. Clipping must be written as a
 * Clip of its own before, whose gradient is then 0 outside; scales and zero points get none.
 */
import type { GradientRule } from '../rule.ts';

/** Of QuantizeLinear and of the DequantizeLinear after it, with the same scale. */
export const straightThrough: GradientRule = (c) => c.node.inputs.map((_, i) => (i === 0 ? c.dy : null));
