/**
 * Architecture and training searched together: whether a network is wide or deep decides over the learning rate that it
 * wants. What `training` returns is applied to the candidate's training; what it leaves out stays as Espalier has it.
 *
 * Run: npx espalier search ./my-images --space examples/hyperparameters.ts
 * In your own project, import from 'espalier'.
 *
 * The other way round, hyperparameters alone: `fixed` is one network, and only its training is searched. Export it as
 * `space` (or as the default) in a module of its own to search it.
 */
import {
  createRandom,
  defineSpace,
  describeGenome,
  float,
  hyperparameterSpace,
  int,
  networkBuilder,
  oneOf,
  PRESETS,
  sampleGenome,
  struct,
} from '../src/index.ts';

export const space = defineSpace({
  name: 'plain-and-trained',
  description: 'Plain convolutional networks together with the way they are trained.',
  choices: struct({
    width: oneOf([16, 32, 64]),
    depth: int(2, 5),
    training: struct({
      optimiser: oneOf(['sgd', 'adamw']),
      /** Times the usual rate of the optimiser: the two differ by orders of magnitude. */
      rate: float(0.1, 4, { log: true }),
      weightDecay: float(1e-5, 1e-1, { log: true }),
      mixup: oneOf([0, 0.2]),
    }),
  }),
  build: ({ width, depth }, io) => {
    const b = networkBuilder(io.inputShape);
    let x = b.input;
    for (let i = 0; i < depth; i++) {
      const stride = i > 0 && b.shape(x)[1]! > 4 ? 2 : 1;
      x = b.activation(
        b.batchNorm(b.conv(x, { out: width * 2 ** Math.min(i, 2), kernel: 3, stride })),
        'relu',
      );
    }
    return b.build([b.linear(b.flatten(b.globalAveragePool(x)), { out: io.outputs })]);
  },
  training: ({ training: { optimiser, rate, weightDecay, mixup } }) => ({
    optimiser,
    learningRate: (optimiser === 'sgd' ? 0.2 : 0.003) * rate,
    weightDecay,
    augmentation: { mixup },
  }),
});

/** The best network that a search found, or any other genome of a space. */
export const fixed = hyperparameterSpace({
  space: PRESETS.residual,
  genome: PRESETS.residual.references![0]!,
});

// Only when it is run by itself, not when a search loads it.
if (process.argv[1] === import.meta.filename) {
  const random = createRandom('example');
  for (const one of [space, fixed]) {
    console.log(`${one.name}:`);
    for (let i = 0; i < 2; i++) {
      const genome = sampleGenome(one, random);
      console.log(`  ${describeGenome(genome)}\n    ${JSON.stringify(one.training!(genome))}`);
    }
  }
}
