/** Recurrent layers over sequences [length, batch, features], in one direction or both. */
import { intAttribute, stringAttribute } from '../attributes.ts';
import { type Dim, input, problem, type ShapeRule, type ValueType } from './context.ts';

/** Outputs: what every step gives, [length, directions, batch, hidden], and the last of each state. */
const recurrent =
  (gates: number): ShapeRule =>
  (c) => {
    const x = input(c, 0);
    const [w, r] = [input(c, 1).shape, input(c, 2).shape];
    if (x.shape.length !== 3) problem(c, 'its input must be a sequence [length, batch, features]');
    const isBatchFirst = intAttribute(c.attributes, 'layout', 0) === 1;
    const [length, batch] = isBatchFirst ? [x.shape[1]!, x.shape[0]!] : [x.shape[0]!, x.shape[1]!];
    const directions = stringAttribute(c.attributes, 'direction', 'forward') === 'bidirectional' ? 2 : 1;
    const hidden = r[2] ?? problem(c, 'its recurrence weights must have three axes');
    const rows = typeof hidden === 'number' ? gates * hidden : null;
    const fits = (shape: readonly Dim[], wanted: readonly (Dim | null)[]): boolean =>
      shape.length === wanted.length &&
      shape.every((d, i) => typeof d === 'string' || typeof wanted[i] !== 'number' || d === wanted[i]);
    const given = intAttribute(c.attributes, 'hidden_size', typeof hidden === 'number' ? hidden : 0);
    if (typeof hidden === 'number' && given !== hidden)
      problem(c, `hidden_size is ${given}, and its recurrence weights are for ${hidden}`);
    if (!fits(w, [directions, rows, x.shape[2]!]))
      problem(c, `its weights must be [${directions}, ${rows ?? '?'}, ${x.shape[2]}]`);
    if (!fits(r, [directions, rows, hidden]))
      problem(c, `its recurrence weights must be [${directions}, ${rows ?? '?'}, ${hidden}]`);
    const { dtype } = x;
    const last: ValueType = {
      dtype,
      shape: isBatchFirst ? [batch, directions, hidden] : [directions, batch, hidden],
    };
    const every: ValueType = {
      dtype,
      shape: isBatchFirst ? [batch, length, directions, hidden] : [length, directions, batch, hidden],
    };
    return [every, last, last].slice(0, c.outputCount);
  };

export const RECURRENT_RULES: Readonly<Record<string, ShapeRule>> = {
  RNN: recurrent(1),
  GRU: recurrent(3),
  LSTM: recurrent(4),
};
