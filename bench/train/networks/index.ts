/** The networks of the training benchmark. To add one: a file here, its PyTorch twin beside it, and a row. */
import type { BenchNetwork } from './bench-network.ts';
import { mlp } from './mlp.ts';
import { mobilenetv2At32, mobilenetv2At96 } from './mobilenetv2.ts';
import { nasbench201 } from './nasbench201.ts';
import { repvgg } from './repvgg.ts';
import { resnet20 } from './resnet20.ts';
import { unet } from './unet.ts';

export const BENCH_NETWORKS: readonly BenchNetwork[] = [
  resnet20,
  nasbench201,
  mobilenetv2At32,
  mobilenetv2At96,
  repvgg,
  unet,
  mlp,
];
