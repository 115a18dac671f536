/** ResNet-20 (He et al. 2016) of double width as a space of one point. */
import { defineSpace, oneOf, struct } from '../../src/index.ts';
import { residual, resNet20 } from '../../src/space/presets/residual.ts';

const genome = { ...resNet20, body: { ...resNet20.body, width: 32 } };

export const space = defineSpace({
  name: 'resnet-20-wide',
  description: 'ResNet-20 (He et al. 2016) of double width.',
  choices: struct({ network: oneOf(['resnet-20-wide']) }),
  build: (_, io) => residual.build(genome, io),
});
