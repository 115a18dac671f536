/**
 * A space of one point: Espalier then trains, measures and exports this one network, which is what a search has to beat.
 * It is ResNet-18 (He et al. 2016) whose stem suits the images: a 3×3 convolution, strided above 48 pixels, with the
 * pooling of the original above 96.
 *
 * Run: npx espalier search ./my-images --space examples/fixed-network.ts --time 30m
 * In your own project, import from 'espalier'.
 */
import { defineSpace, networkBuilder, networkCost, oneOf, struct } from '../src/index.ts';

const STAGES = [64, 128, 256, 512];
const BLOCKS_A_STAGE = 2;

export const space = defineSpace({
  name: 'resnet-18',
  description: 'ResNet-18 (He et al. 2016) for small images.',
  choices: struct({ network: oneOf(['resnet-18']) }),
  build: (_, io) => {
    const b = networkBuilder(io.inputShape);
    const normed = (x: string, out: number, kernel: number, stride: number): string =>
      b.batchNorm(b.conv(x, { out, kernel, stride }));
    const block = (x: string, out: number, stride: number): string => {
      const inner = normed(b.activation(normed(x, out, 3, stride), 'relu'), out, 3, 1);
      const same = stride === 1 && b.channels(x) === out;
      return b.activation(b.add([inner, same ? x : normed(x, out, 1, stride)]), 'relu');
    };
    const [, height] = io.inputShape;
    let x = b.activation(normed(b.input, STAGES[0]!, 3, height > 48 ? 2 : 1), 'relu');
    if (height > 96) x = b.maxPool(x, { kernel: 3, stride: 2, padding: [1, 1, 1, 1] });
    for (const [stage, out] of STAGES.entries())
      for (let i = 0; i < BLOCKS_A_STAGE; i++) x = block(x, out, stage > 0 && i === 0 ? 2 : 1);
    return b.build([b.linear(b.flatten(b.globalAveragePool(x)), { out: io.outputs })]);
  },
});

// Only when it is run by itself, not when a search loads it.
if (process.argv[1] === import.meta.filename) {
  const io = { inputShape: [3, 32, 32], outputs: 10 } as const;
  const { params, macs } = networkCost(space.build({ network: 'resnet-18' }, io));
  console.log(`${space.name}: ${params} parameters, ${macs} MACs at 3×32×32`);
}
