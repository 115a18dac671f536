/** The spaces that come with Espalier, by the name that `--space` takes. */
import type { SearchSpace } from '../space.ts';
import { integer, mixedPrecision } from './integer.ts';
import { mobile } from './mobile.ts';
import { nasBench101 } from './nasbench101.ts';
import { nasBench201 } from './nasbench201.ts';
import { nasBench301 } from './nasbench301.ts';
import { natsSize } from './nats-size.ts';
import { repVggNets } from './repvgg.ts';
import { residual } from './residual.ts';
import { transnasMacro } from './transnas-macro.ts';
import { transnasMicro } from './transnas-micro.ts';

/**
 * The search spaces that come with Espalier, by the name that `--space` takes. All have networks for images of 8×8 to
 * 256×256.
 */
export const PRESETS = {
  /**
   * ResNet, RepVGG and plain networks (He et al. 2016, Ding et al. 2021), 0.5 to 350 million MACs at 32×32: the
   * default for small images.
   */
  residual,
  /** Inverted residual blocks (Sandler et al. 2018, Howard et al. 2019), chosen for each stage (Tan et al. 2019). */
  mobile,
  /** QARepVGG, residual and plain ReLU blocks for 8-bit integers (Chu et al. 2024, He et al. 2016). */
  integer,
  /** RepVGG networks of different width and depth (Ding et al. 2021). */
  repvgg: repVggNets,
  /** As `integer`, and for each stage whether it is deployed in 8 bits or in float. */
  'mixed-precision': mixedPrecision,
  /** The cells of NAS-Bench-101 (Ying et al. 2019): 423,624. */
  nasbench101: nasBench101(),
  /** The cells of NAS-Bench-201 (Dong and Yang 2020): 15,625. */
  nasbench201: nasBench201(),
  /** The cells of DARTS (Liu et al. 2019) in the networks of NAS-Bench-301 (Zela et al. 2022): some 10¹⁸. */
  nasbench301: nasBench301(),
  /** The size space of NATS-Bench (Dong et al. 2021): 32,768 networks. */
  'nats-size': natsSize,
  /** The macro space of TransNAS-Bench-101 (Duan et al. 2021): 3,256 networks. */
  'transnas-macro': transnasMacro(),
  /** The micro space of TransNAS-Bench-101 (Duan et al. 2021): 4,096 cells. */
  'transnas-micro': transnasMicro(),
} satisfies Record<string, SearchSpace>;
