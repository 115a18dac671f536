/** Small search spaces for the strategy suite. Every genome of theirs builds another network. */
import { networkBuilder } from '../network/builder.ts';
import { float, int, oneOf, optional, repeat, struct, subset, variant } from '../space/choice.ts';
import { defineSpace } from '../space/define-space.ts';

export const ONE_POINT = defineSpace({
  name: 'one point',
  description: 'A single network.',
  choices: struct({ hidden: oneOf([3]) }),
  build: ({ hidden }, io) => {
    const b = networkBuilder(io.inputShape);
    return b.build([b.linear(b.linear(b.flatten(b.input), { out: hidden }), { out: io.outputs })]);
  },
});

export const TWELVE = defineSpace({
  name: 'twelve',
  description: 'Twelve networks.',
  choices: struct({ hidden: int(1, 4), activation: oneOf(['relu', 'tanh', 'silu']) }),
  build: ({ hidden, activation }, io) => {
    const b = networkBuilder(io.inputShape);
    const x = b.activation(b.linear(b.flatten(b.input), { out: hidden }), activation);
    return b.build([b.linear(x, { out: io.outputs })]);
  },
});

export const CONTINUOUS = defineSpace({
  name: 'continuous',
  description: 'A float, so that there is no end of networks.',
  choices: struct({ rate: float(0.1, 0.9), hidden: int(1, 9) }),
  build: ({ rate, hidden }, io) => {
    const b = networkBuilder(io.inputShape);
    const x = b.dropout(b.linear(b.flatten(b.input), { out: hidden }), rate);
    return b.build([b.linear(x, { out: io.outputs })]);
  },
});

export const NESTED = defineSpace({
  name: 'nested',
  description: 'Every kind of choice inside another.',
  choices: struct({
    layers: repeat(
      variant({
        plain: struct({ width: int(1, 8) }),
        gated: struct({ width: int(1, 8), gate: oneOf(['tanh', 'silu']) }),
      }),
      1,
      3,
    ),
    taps: subset(['a', 'b', 'c'], { min: 1, max: 2 }),
    last: optional(int(2, 5)),
  }),
  build: ({ layers, taps, last }, io) => {
    const b = networkBuilder(io.inputShape);
    let x = b.flatten(b.input);
    for (const layer of layers) {
      x = b.linear(x, { out: layer.width });
      x = b.activation(x, layer.kind === 'gated' ? layer.gate : 'relu');
    }
    // Which taps there are shows in the width, so that no two sets are one network.
    const width = taps.reduce((sum, tap) => sum + { a: 1, b: 2, c: 4 }[tap], 8);
    x = b.activation(b.linear(x, { out: width }), 'sigmoid');
    if (last !== null) x = b.activation(b.linear(x, { out: last }), 'hardSigmoid');
    return b.build([b.linear(x, { out: io.outputs })]);
  },
});

export const TRAINED = defineSpace({
  name: 'trained',
  description: 'A few networks, each trained in endless ways.',
  choices: struct({ hidden: int(1, 3), rate: float(1e-4, 1, { log: true }), batch: oneOf([8, 16]) }),
  build: ({ hidden }, io) => {
    const b = networkBuilder(io.inputShape);
    return b.build([b.linear(b.linear(b.flatten(b.input), { out: hidden }), { out: io.outputs })]);
  },
  training: ({ rate, batch }) => ({ learningRate: rate, batchSize: batch }),
});
