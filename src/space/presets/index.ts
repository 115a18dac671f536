/** The spaces that come with Espalier, by the name that `--space` takes. */
import type { SearchSpace } from '../space.ts';
import { integer } from './integer.ts';
import { mobile } from './mobile.ts';
import { nasBench201 } from './nasbench201.ts';
import { residual } from './residual.ts';

export const PRESETS = {
  residual,
  mobile,
  integer,
  nasbench201: nasBench201(),
} satisfies Record<string, SearchSpace>;
