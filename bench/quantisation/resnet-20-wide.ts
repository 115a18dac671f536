/** ResNet-20 (He et al. 2016) of double width as a space of one point. */
import { defineSpace, oneOf, struct } from '../../src/index.ts';
import { residual } from '../../src/space/presets/residual.ts';
import { RESNET_20 } from './resnet-20.ts';

export const space = defineSpace({
  name: 'resnet-20-wide',
  description: 'ResNet-20 (He et al. 2016) of double width.',
  choices: struct({ network: oneOf(['resnet-20-wide']) }),
  build: (_, io) => residual.build({ ...RESNET_20, body: { ...RESNET_20.body, width: 32 } }, io),
});
