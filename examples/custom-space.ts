/**
 * A search space of your own: the choices, and how they become a network.
 *
 * Run: npx tsx examples/custom-space.ts
 * In your own project, import from 'espalier'.
 */
import {
  createRandom,
  defineSpace,
  describeGenome,
  networkBuilder,
  networkHash,
  oneOf,
  optional,
  repeat,
  sampleGenome,
  shared,
  spaceSize,
  struct,
} from '../src/index.ts';

const activation = shared('activation', oneOf(['relu', 'silu'])); // the same wherever it appears
const layer = struct({ width: oneOf([16, 32, 64]), kernel: oneOf([3, 5]), activation });

export const space = defineSpace({
  name: 'my-convnets',
  description: 'Two to four convolutions, each followed by pooling, and perhaps a hidden layer.',
  choices: struct({
    layers: repeat(layer, 2, 4),
    hidden: optional(struct({ units: oneOf([64, 128]), activation })),
  }),
  build: ({ layers, hidden }, io) => {
    const b = networkBuilder(io.inputShape);
    let x = b.input;
    for (const { width, kernel, activation } of layers) {
      x = b.activation(b.batchNorm(b.conv(x, { out: width, kernel })), activation);
      if (b.shape(x)[1]! > 4) x = b.maxPool(x, { kernel: 2, stride: 2 });
    }
    x = b.flatten(b.globalAveragePool(x));
    if (hidden) x = b.activation(b.linear(x, { out: hidden.units }), hidden.activation);
    return b.build([b.linear(x, { out: io.outputs })]);
  },
});

console.log(`${space.name}: ${spaceSize(space)} genomes. Three of them:`);
const random = createRandom('example');
for (let i = 0; i < 3; i++) {
  const genome = sampleGenome(space, random);
  const network = space.build(genome, { inputShape: [3, 32, 32], outputs: 10 });
  console.log(
    `${networkHash(network).slice(0, 8)}  ${network.nodes.length} nodes  ${describeGenome(genome)}`,
  );
}
