/** Random recurrent layers. */
import { recurrentCase } from '../recurrent-layers.ts';
import { ofEach } from './draw.ts';

const KINDS = { LSTM: [null], GRU: [null], RNN: ['Tanh', 'Relu'] } as const;

export const recurrent = ofEach(KINDS, (op, nonlinearities) => (random, round) => {
  const nonlinearity = nonlinearities[round % nonlinearities.length] ?? null;
  return recurrentCase({
    op,
    length: 1 + random.int(5),
    batch: 1 + random.int(3),
    features: 1 + random.int(4),
    hidden: 1 + random.int(6),
    layers: 1 + random.int(3),
    direction: random.pick(['forward', 'reverse', 'bidirectional']),
    batchFirst: random.int(2) === 0,
    biased: random.int(4) > 0,
    stateGiven: random.int(2) === 0,
    ...(nonlinearity && { nonlinearity }),
  });
});
