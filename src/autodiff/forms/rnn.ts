/** The simple recurrent layer (Elman 1990). */
import { int } from '../../onnx/graph-builder.ts';
import { recurrentForm } from './recurrent.ts';

export const rnn = recurrentForm({
  parts: [1],
  states: 1,
  activations: ['Tanh'],
  cell: ({ m, weights, bias, activations: [activation] }) => ({
    bias: bias && m.add(bias.input, bias.recurrence),
    step: ([fromInput], [h]) => [activation!(m.g.op('Gemm', [h!, weights, fromInput!], { transB: int(1) }))],
  }),
});
