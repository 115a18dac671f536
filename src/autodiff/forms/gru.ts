/** Gated recurrent units (Cho et al. 2014). */
import { int } from '../../onnx/graph-builder.ts';
import { intAttribute } from '../../onnx/shape-rules.ts';
import { recurrentForm, split } from './recurrent.ts';

/**
 * Gates in the order update, reset, candidate. The reset gate meets the state before its product, as in the paper, or
 * after it with `linear_before_reset`, as PyTorch and cuDNN have it.
 */
export const gru = recurrentForm({
  parts: [2, 1],
  states: 1,
  activations: ['Sigmoid', 'Tanh'],
  cell({ m, node, hidden, weights, bias, activations: [gate, candidate] }) {
    const { g } = m;
    const product = (h: string, w: string, added?: string): string =>
      g.op('Gemm', added === undefined ? [h, w] : [h, w, added], { transB: int(1) });
    /** z and r of their preactivation. */
    const opened = (value: string) => split(m, gate!(value), 1, [hidden, hidden]) as [string, string];
    /** (1 − z)·fresh + z·h */
    const mixed = (z: string, fresh: string, h: string): string => m.add(fresh, m.mul(z, m.sub(h, fresh)));
    if (intAttribute(node.attributes, 'linear_before_reset', 0) === 1) {
      return {
        bias: bias?.input ?? null,
        step([open, fresh], [h]) {
          const parts = split(m, product(h!, weights, bias?.recurrence), 1, [2 * hidden, hidden]);
          const [z, r] = opened(m.add(open!, parts[0]!));
          return [mixed(z, candidate!(m.add(fresh!, m.mul(r, parts[1]!))), h!)];
        },
      };
    }
    const [gateWeights, freshWeights] = split(m, weights, 0, [2 * hidden, hidden]) as [string, string];
    return {
      bias: bias && m.add(bias.input, bias.recurrence),
      step([open, fresh], [h]) {
        const [z, r] = opened(product(h!, gateWeights, open!));
        return [mixed(z, candidate!(product(m.mul(r, h!), freshWeights, fresh!)), h!)];
      },
    };
  },
});
