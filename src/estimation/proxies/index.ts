/** The zero-cost proxies. To add one: a file beside this one, a row, and its name in names.ts. */
import { gradNorm } from './grad-norm.ts';
import type { ProxyName } from './names.ts';
import { naswot } from './naswot.ts';
import type { ProxyEstimator } from './proxy.ts';
import { macs, params } from './size.ts';
import { snip } from './snip.ts';
import { synflow } from './synflow.ts';

/** All zero-cost proxies by name; of each, more is meant to be better. */
export const PROXIES = {
  synflow,
  naswot,
  'grad-norm': gradNorm,
  snip,
  params,
  macs,
} satisfies Record<ProxyName, ProxyEstimator>;
