/**
 * The cell of NAS-Bench-201 (Dong & Yang 2020) with the best mean test accuracy (first of two) on CIFAR-10 after 200 epochs, in the
 * benchmark's own skeleton: 16 channels, 5 cells a stage.
 */
import { fromArchString, nasBench201 } from '../../../src/space/presets/nasbench201.ts';
import type { BenchNetwork } from './bench-network.ts';

const BEST =
  '|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|skip_connect~0|nor_conv_3x3~1|nor_conv_1x1~2|';

export const nasbench201: BenchNetwork = {
  name: 'nasbench201',
  definition: 'nasbench201',
  inputShape: [3, 32, 32],
  classes: 10,
  labels: 'input',
  batch: 64,
  build: ([channels, height, width], outputs) =>
    nasBench201().build(fromArchString(BEST), { inputShape: [channels!, height!, width!], outputs }),
};
