/** The zero-cost proxies. To add one: a file beside this one, a row, and its name in names.ts. */
import { gradNorm } from './grad-norm.ts';
import type { ProxyName } from './names.ts';
import { naswot } from './naswot.ts';
import type { ProxyEstimator } from './proxy.ts';
import { macs, params } from './size.ts';
import { snip } from './snip.ts';
import { synflow } from './synflow.ts';

/**
 * All zero-cost proxies by name (Abdelfattah et al. 2021); of each, more is meant to be better. Dropout is off, batch
 * norms normalise by the batch.
 */
export const PROXIES = {
  synflow,
  naswot,
  /** Σ over layers of ‖∂L/∂w‖₂ at the start of training (Abdelfattah et al. 2021). */
  'grad-norm': gradNorm,
  snip,
  params,
  macs,
} satisfies Record<ProxyName, ProxyEstimator>;
