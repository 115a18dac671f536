/** ResNet-20 (He et al. 2016) as a space of one point: the well-known member of the residual space. */
import { defineSpace, oneOf, struct } from '../../src/index.ts';
import { residual } from '../../src/space/presets/residual.ts';

export const RESNET_20 = {
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
} as const;

export const space = defineSpace({
  name: 'resnet-20',
  description: 'ResNet-20 (He et al. 2016).',
  choices: struct({ network: oneOf(['resnet-20']) }),
  build: (_, io) => residual.build(RESNET_20, io),
});
