/** All that was seen: nothing is clipped, and one outlier makes every step coarse. */
import type { Calibrator } from './calibrator.ts';

/** All that was seen (Jacob et al. 2018): nothing is clipped, and one outlier makes every step coarse. */
export const minMax: Calibrator = ({ low, high }) => ({ low, high });
