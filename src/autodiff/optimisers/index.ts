/** All optimisers by name. To add one: a file and a row. */
import { adamw } from './adamw.ts';
import { lion } from './lion.ts';
import { rmsprop } from './rmsprop.ts';
import { sgd } from './sgd.ts';

/**
 * All optimisers by name, each a function of its options, all of which have defaults. Learning rate and weight decay
 * are fed to every step, not set here.
 */
export const OPTIMISERS = { sgd, adamw, rmsprop, lion };
