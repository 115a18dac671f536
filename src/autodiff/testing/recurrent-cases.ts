/** Cases of recurrent layers: one and two layers, in one direction and both, sequence or batch first. */
import type { OperatorCase } from './operator-case.ts';
import { type RecurrentSettings, recurrentCase } from './recurrent-layers.ts';

const small: Omit<RecurrentSettings, 'op'> = {
  length: 4,
  batch: 2,
  features: 3,
  hidden: 5,
  layers: 1,
  direction: 'forward',
  batchFirst: false,
  biased: true,
  stateGiven: false,
};

export const RECURRENT_CASES: readonly OperatorCase[] = (['LSTM', 'GRU', 'RNN'] as const).flatMap((op) =>
  [
    small,
    { ...small, batchFirst: true, stateGiven: true },
    { ...small, direction: 'reverse', biased: false } as const,
    { ...small, direction: 'bidirectional', stateGiven: true } as const,
    { ...small, layers: 2, batchFirst: true, direction: 'bidirectional' } as const,
    { ...small, layers: 2, length: 1, stateGiven: true },
  ].map((settings) => recurrentCase({ ...settings, op })),
);
