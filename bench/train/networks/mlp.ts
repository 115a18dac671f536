/** A multilayer perceptron for tables: 128-512-512-10. */
import { networkBuilder } from '../../../src/network/builder.ts';
import type { BenchNetwork } from './bench-network.ts';

export const mlp: BenchNetwork = {
  name: 'mlp',
  definition: 'mlp',
  inputShape: [128],
  classes: 10,
  labels: 'input',
  batch: 256,
  build(inputShape, classes) {
    const b = networkBuilder(inputShape);
    let x = b.input;
    for (const out of [512, 512]) x = b.activation(b.linear(x, { out }), 'relu');
    return b.build([b.linear(x, { out: classes })]);
  },
};
