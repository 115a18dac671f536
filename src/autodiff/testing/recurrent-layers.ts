/** Recurrent layers of any depth and direction: ONNX nodes as PyTorch exports them, and the layer in PyTorch. */
import { type GraphBuilder, int, ints, str } from '../../onnx/graph-builder.ts';
import type { OperatorCase } from './operator-case.ts';

export interface RecurrentSettings {
  readonly op: 'LSTM' | 'GRU' | 'RNN';
  readonly length: number;
  readonly batch: number;
  readonly features: number;
  readonly hidden: number;
  readonly layers: number;
  readonly direction: 'forward' | 'reverse' | 'bidirectional';
  readonly batchFirst: boolean;
  readonly biased: boolean;
  /** Whether the first states are inputs; zeros otherwise. */
  readonly stateGiven: boolean;
  /** Of RNN. */
  readonly nonlinearity?: 'Tanh' | 'Relu';
}

const GATES = { LSTM: 4, GRU: 3, RNN: 1 } as const;
/** Where PyTorch's gates stand among ONNX's. */
const ORDER = { LSTM: '[0, 2, 3, 1]', GRU: '[1, 0, 2]', RNN: '[0]' } as const;

/**
 * The case of what a whole layer gives: every step of the last layer, then the last states. Inputs: the sequence, then
 * W, R and B of each layer, then the first states of all.
 */
export function recurrentCase(settings: RecurrentSettings): OperatorCase {
  const { op, length, batch, features, hidden, layers, direction, batchFirst, biased, stateGiven } = settings;
  const directions = direction === 'bidirectional' ? 2 : 1;
  const states = op === 'LSTM' ? 2 : 1;
  const rows = GATES[op] * hidden;
  const weights = Array.from({ length: layers }, (_, layer) => [
    [directions, rows, layer === 0 ? features : directions * hidden],
    [directions, rows, hidden],
    ...(biased ? [[directions, 2 * rows]] : []),
  ]);
  const state = [layers * directions, batch, hidden];
  const shapes = [
    batchFirst ? [batch, length, features] : [length, batch, features],
    ...weights.flat(),
    ...(stateGiven ? new Array(states).fill(state) : []),
  ];
  const words = [
    `${batchFirst ? 'batch first' : 'sequence first'} [${shapes[0]}]`,
    `hidden ${hidden}`,
    `layers ${layers}`,
    direction,
    ...(settings.nonlinearity ? [settings.nonlinearity] : []),
    ...(biased ? [] : ['without biases']),
    ...(stateGiven ? ['states given'] : []),
  ];
  return {
    name: `${op} ${words.join(', ')}`,
    shapes,
    torch: inTorch(settings),
    draw: (random) => 0.6 * random.normal(),
    build: (g, inputs) => emit(g, inputs, settings),
  };
}

function emit(g: GraphBuilder, inputs: readonly string[], s: RecurrentSettings): string {
  const directions = s.direction === 'bidirectional' ? 2 : 1;
  const states = s.op === 'LSTM' ? 2 : 1;
  const perLayer = s.biased ? 3 : 2;
  const list = (...values: number[]): string =>
    g.constant({ dtype: 'int64', shape: [values.length], data: BigInt64Array.from(values, BigInt) });
  let x = inputs[0]!;
  if (s.batchFirst) x = g.op('Transpose', [x], { perm: ints([1, 0, 2]) });
  const last: string[][] = Array.from({ length: states }, () => []);
  for (let layer = 0; layer < s.layers; layer++) {
    const own = inputs.slice(1 + layer * perLayer, 1 + (layer + 1) * perLayer);
    const first = Array.from({ length: states }, (_, i) => {
      if (!s.stateGiven) return '';
      const all = inputs[1 + s.layers * perLayer + i]!;
      return g.op('Slice', [all, list(layer * directions), list((layer + 1) * directions), list(0)]);
    });
    const given = [x, own[0]!, own[1]!, own[2] ?? '', '', ...first];
    const outputs = g.node(s.op, given, {
      outputs: 1 + states,
      attributes: {
        hidden_size: int(s.hidden),
        direction: str(s.direction),
        ...(s.op === 'GRU' && { linear_before_reset: int(1) }),
        ...(s.nonlinearity && {
          activations: { type: 'strings', value: new Array<string>(directions).fill(s.nonlinearity) },
        }),
      },
    });
    // [length, directions, batch, hidden] to [length, batch, directions·hidden]
    const moved = g.op('Transpose', [outputs[0]!], { perm: ints([0, 2, 1, 3]) });
    x = g.op('Reshape', [moved, list(0, 0, -1)]);
    last.forEach((of, i) => void of.push(outputs[1 + i]!));
  }
  if (s.batchFirst) x = g.op('Transpose', [x], { perm: ints([1, 0, 2]) });
  const flat = [x, ...last.flat()].map((value) => g.op('Reshape', [value, list(-1)]));
  return g.op('Concat', flat, { axis: int(0) });
}

/** One expression of x0, x1, … */
function inTorch(s: RecurrentSettings): string {
  const directions = s.direction === 'bidirectional' ? 2 : 1;
  const isReverse = s.direction === 'reverse';
  const perLayer = s.biased ? 3 : 2;
  const gates = GATES[s.op];
  const ordered = (value: string, rest: string): string =>
    `${value}.reshape(${gates}, ${s.hidden}, ${rest})[${ORDER[s.op]}].reshape(${gates * s.hidden}, ${rest})`;
  const weights = Array.from({ length: s.layers }, (_, layer) => {
    const at = 1 + layer * perLayer;
    const width = layer === 0 ? s.features : directions * s.hidden;
    return Array.from({ length: directions }, (_, d) => [
      ordered(`x${at}[${d}]`, `${width}`),
      ordered(`x${at + 1}[${d}]`, `${s.hidden}`),
      ...(s.biased
        ? [0, 1].map((half) => {
            const part = `x${at + 2}[${d}][${half * gates * s.hidden}:${(half + 1) * gates * s.hidden}]`;
            return `${ordered(part, '1')}.flatten()`;
          })
        : []),
    ]).flat();
  }).flat();
  const zeros = `torch.zeros(${s.layers * directions}, ${s.batch}, ${s.hidden})`;
  const from = 1 + s.layers * perLayer;
  const states = [0, 1].map((i) => (s.stateGiven ? `x${from + i}` : zeros));
  const start = s.op === 'LSTM' ? `(${states.join(', ')})` : states[0]!;
  const call = { LSTM: 'lstm', GRU: 'gru', RNN: s.nonlinearity === 'Relu' ? 'rnn_relu' : 'rnn_tanh' }[s.op];
  const axis = s.batchFirst ? 1 : 0;
  const turned = (value: string): string => (isReverse ? `${value}.flip(${axis})` : value);
  const flag = (on: boolean): string => (on ? 'True' : 'False');
  const flags = `${flag(s.biased)}, ${s.layers}, 0.0, True, ${flag(directions === 2)}, ${flag(s.batchFirst)}`;
  const all = `torch.${call}(${turned('x0')}, ${start}, [${weights.join(', ')}], ${flags})`;
  // The states of each layer follow each other in both; those of an LSTM are parted by kind in the case.
  return `(lambda y, *s: torch.cat([${turned('y')}.flatten(), *[v.flatten() for v in s]]))(*${all})`;
}
