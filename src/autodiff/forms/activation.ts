/** Activations that are short formulas of operators with gradient rules. */
import { float, str } from '../../onnx/graph-builder.ts';
import { floatAttribute } from '../../onnx/shape-rules.ts';
import type { Arithmetic } from '../arithmetic.ts';
import { composite, type Form } from './form.ts';

/** x·σ(αx) (Ramachandran et al. 2017); α = 1.702 approximates Gelu. */
const swish = (fallback: number): Form =>
  composite((m, node, [x]) => {
    const alpha = floatAttribute(node.attributes, 'alpha', fallback);
    return m.mul(x!, m.g.op('Sigmoid', [m.scale(x!, alpha)]));
  });

/** x·tanh(ln(1 + eˣ)) (Misra 2020). */
const mish = composite((m, _, [x]) => m.mul(x!, m.g.op('Tanh', [m.g.op('Softplus', [x!])])));

/** Klambauer et al. 2017. */
const selu = composite((m, node, [x]) => {
  const alpha = floatAttribute(node.attributes, 'alpha', 1.6732632423543772);
  const gamma = floatAttribute(node.attributes, 'gamma', 1.0507009873554805);
  return m.scale(m.g.op('Elu', [x!], { alpha: float(alpha) }), gamma);
});

/** max(0, x) + min(0, α(e^(x/α) − 1)) (Barron 2017) is α·elu(x/α). */
const celu = composite((m, node, [x]) => {
  const alpha = floatAttribute(node.attributes, 'alpha', 1);
  return m.scale(m.g.op('Elu', [m.scale(x!, 1 / alpha)]), alpha);
});

const softsign = composite((m, _, [x]) => m.div(x!, m.add(m.g.op('Abs', [x!]), m.scalar(1))));

const thresholdedRelu = composite((m, node, [x]) => {
  const above = m.g.op('Greater', [x!, m.scalar(floatAttribute(node.attributes, 'alpha', 1))]);
  return m.where(above, x!, m.scalar(0));
});

/** ONNX Runtime's own operators, in models that it has optimised before. */
const biasGelu = (approximate: 'none' | 'tanh'): Form =>
  composite((m: Arithmetic, _, [x, bias]) =>
    m.g.op('Gelu', [bias ? m.add(x!, bias) : x!], { approximate: str(approximate) }),
  );

export const ACTIVATION_FORMS: Readonly<Record<string, Form>> = {
  Swish: swish(1),
  QuickGelu: swish(1.702),
  Mish: mish,
  Selu: selu,
  Celu: celu,
  Softsign: softsign,
  ThresholdedRelu: thresholdedRelu,
  BiasGelu: biasGelu('none'),
  FastGelu: biasGelu('tanh'),
};
