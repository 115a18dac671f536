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

/** The search spaces that come with Espalier, by the name that `--space` takes. */
export const PRESETS = {
  residual,
  mobile,
  integer,
  repvgg: repVggNets,
  'mixed-precision': mixedPrecision,
  nasbench101: nasBench101(),
  nasbench201: nasBench201(),
  nasbench301: nasBench301(),
  'nats-size': natsSize,
  'transnas-macro': transnasMacro(),
  'transnas-micro': transnasMicro(),
} satisfies Record<string, SearchSpace>;
