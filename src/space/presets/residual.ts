/**
 * Residual, plain and re-parameterisable convolutional networks for small and medium images.
 *
 * `deep` holds the ResNet of He et al. 2016 for small images (ResNet-20 is width 16, depths 3, 3, 3) and RepVGG (Ding et
 * al. 2021): blocks of one type, strided at the start of each stage. `wide` holds the ResNet-9 family of fast trainers:
 * few layers, a convolution that widens and halves at the start of each stage, then one block or none. The two are of
 * similar size, so that sampling tries both. At 3x32x32 the space spans about 0.5 to 350 million MACs.
 */

import { classifierHead } from '../../network/blocks/classifier-head.ts';
import { convBnAct } from '../../network/blocks/conv-bn-act.ts';
import { repVgg } from '../../network/blocks/rep-vgg.ts';
import { residualBlock } from '../../network/blocks/residual-block.ts';
import { type NetworkBuilder, networkBuilder } from '../../network/builder.ts';
import { int, oneOf, repeat, struct, type ValueOf, variant } from '../choice.ts';
import { defineSpace } from '../define-space.ts';
import { poolToWorkingSize, stemStride, strideFor } from './downsampling.ts';

const growth = oneOf([1.5, 2]);
const choices = struct({
  activation: oneOf(['relu', 'silu', 'hardSwish']),
  stemKernel: oneOf([3, 5]),
  body: variant({
    deep: struct({
      width: oneOf([8, 16, 32]),
      block: variant({
        residual: struct({}),
        plain: struct({ kernel: oneOf([3, 5]) }),
        repVgg: struct({}),
      }),
      /** Blocks at the stem's resolution. */
      depth: int(0, 3),
      stages: repeat(struct({ growth, depth: int(1, 3) }), 2, 3),
    }),
    wide: struct({
      width: oneOf([16, 32, 48, 64]),
      stages: repeat(
        struct({
          growth,
          downsample: oneOf(['stride', 'maxPool']),
          block: oneOf(['none', 'residual', 'plain', 'repVgg']),
        }),
        2,
        3,
      ),
    }),
  }),
});
type Values = ValueOf<typeof choices>;
type Body<K> = Extract<Values['body'], { kind: K }>;
type BlockKind = 'residual' | 'plain' | 'repVgg';

/** No layer is wider: beyond it, small data sets gain little and every layer costs a quarter of a million weights. */
const WIDEST = 256;
/** Multiples of 16 channels fill the vector registers of the CPU kernels, in training and in deployment. */
const STEP = 16;
const grow = (width: number, factor: number): number => {
  const wanted = width * factor;
  return wanted < STEP ? wanted : Math.min(WIDEST, STEP * Math.round(wanted / STEP));
};

function block(
  b: NetworkBuilder,
  x: string,
  kind: BlockKind,
  options: { out: number; stride: 1 | 2; kernel: number; activation: Values['activation'] },
): string {
  const { out, stride, kernel, activation } = options;
  switch (kind) {
    case 'residual':
      return residualBlock(b, x, { out, stride, kernel, activation });
    case 'plain':
      return convBnAct(b, x, { out, stride, kernel, activation });
    case 'repVgg':
      return repVgg(b, x, { out, stride, activation });
  }
}

function deep(b: NetworkBuilder, stem: string, body: Body<'deep'>, activation: Values['activation']): string {
  let x = stem;
  let out: number = body.width;
  const kernel = body.block.kind === 'plain' ? body.block.kernel : 3;
  const stages = [{ growth: 1, depth: body.depth }, ...body.stages];
  for (const [i, stage] of stages.entries()) {
    out = grow(out, stage.growth);
    for (let j = 0; j < stage.depth; j++) {
      const stride = i > 0 && j === 0 ? strideFor(b, x) : 1;
      x = b.scope(`stage${i}.block${j}`, () =>
        block(b, x, body.block.kind, { out, stride, kernel, activation }),
      );
    }
  }
  return x;
}

function wide(b: NetworkBuilder, stem: string, body: Body<'wide'>, activation: Values['activation']): string {
  let x = stem;
  let out: number = body.width;
  for (const [i, stage] of body.stages.entries()) {
    out = grow(out, stage.growth);
    const halving = strideFor(b, x);
    const stride = stage.downsample === 'stride' ? halving : 1;
    x = b.scope(`stage${i}.transition`, () => convBnAct(b, x, { out, kernel: 3, stride, activation }));
    if (stage.downsample === 'maxPool' && halving === 2) x = b.maxPool(x, { kernel: 2, stride: 2 });
    const { block: kind } = stage;
    if (kind !== 'none')
      x = b.scope(`stage${i}.block`, () => block(b, x, kind, { out, stride: 1, kernel: 3, activation }));
  }
  return x;
}

/** A member of the ResNet-9 family: three stages that double the width and halve the map, with these blocks. */
const resNet9 = (
  width: 16 | 32 | 48 | 64,
  downsample: 'stride' | 'maxPool',
  ...blocks: readonly ('none' | 'residual' | 'plain')[]
): Values => ({
  activation: 'relu',
  stemKernel: 3,
  body: { kind: 'wide', width, stages: blocks.map((kind) => ({ growth: 2, downsample, block: kind })) },
});

/** ResNet-20 (He et al. 2016) as a genome of this space. */
export const resNet20: Values = {
  activation: 'relu',
  stemKernel: 3,
  body: {
    kind: 'deep',
    width: 16,
    block: { kind: 'residual' },
    depth: 3,
    stages: [
      { growth: 2, depth: 3 },
      { growth: 2, depth: 3 },
    ],
  },
};

/** From 220 down to 6 million MACs at 3x32x32, so that any budget finds some: few wide layers train fastest. */
const REFERENCES = [
  resNet9(64, 'stride', 'residual', 'residual', 'residual'),
  resNet9(48, 'stride', 'residual', 'residual', 'residual'),
  resNet9(32, 'maxPool', 'residual', 'residual', 'residual'),
  resNet9(32, 'stride', 'residual', 'residual', 'residual'),
  resNet20,
  resNet9(16, 'maxPool', 'residual', 'residual', 'residual'),
  resNet9(32, 'stride', 'none', 'plain', 'none'),
  resNet9(16, 'stride', 'residual', 'residual', 'residual'),
  resNet9(16, 'stride', 'none', 'residual', 'none'),
  resNet9(16, 'stride', 'none', 'plain', 'none'),
];

/** See the head of this file. */
export const residual = defineSpace({
  name: 'residual',
  description:
    'ResNet, RepVGG and plain convolutional networks from about 0.5 to 350 million MACs at 32x32, the default for small images (He et al. 2016, Ding et al. 2021).',
  choices,
  references: REFERENCES,
  build: ({ activation, stemKernel, body }, io) => {
    const b = networkBuilder(io.inputShape);
    const stem = b.scope('stem', () =>
      poolToWorkingSize(
        b,
        convBnAct(b, b.input, { out: body.width, kernel: stemKernel, stride: stemStride(b), activation }),
      ),
    );
    const x = body.kind === 'deep' ? deep(b, stem, body, activation) : wide(b, stem, body, activation);
    return b.build([classifierHead(b, x, io.outputs)]);
  },
});
