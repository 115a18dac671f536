/** ResNet-20 (He et al. 2016) as a space of one point: the well-known member of the residual space. */
import { defineSpace, oneOf, struct } from '../../src/index.ts';
import { residual, resNet20 } from '../../src/space/presets/residual.ts';

export const space = defineSpace({
  name: 'resnet-20',
  description: 'ResNet-20 (He et al. 2016).',
  choices: struct({ network: oneOf(['resnet-20']) }),
  build: (_, io) => residual.build(resNet20, io),
});
