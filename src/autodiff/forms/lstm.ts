/** Long short-term memory (Hochreiter & Schmidhuber 1997; with a forget gate: Gers et al. 2000). */
import { int } from '../../onnx/graph-builder.ts';
import { recurrentForm, split } from './recurrent.ts';

/** Gates in the order input, output, forget, cell: the first three share an activation, and are computed as one. */
export const lstm = recurrentForm({
  parts: [4],
  states: 2,
  activations: ['Sigmoid', 'Tanh', 'Tanh'],
  cell({ m, hidden, weights, bias, activations: [gate, candidate, output] }) {
    return {
      bias: bias && m.add(bias.input, bias.recurrence),
      step([fromInput], [h, c]) {
        const gates = m.g.op('Gemm', [h!, weights, fromInput!], { transB: int(1) });
        const [open, fresh] = split(m, gates, 1, [3 * hidden, hidden]) as [string, string];
        const [i, o, f] = split(m, gate!(open), 1, [hidden, hidden, hidden]) as [string, string, string];
        const next = m.add(m.mul(f, c!), m.mul(i, candidate!(fresh)));
        return [m.mul(o, output!(next)), next];
      },
    };
  },
});
