/** Operators that treat every element alike, and others that keep the shape. */
import { ELEMENTWISE_OPERATORS, ELEMENTWISE_PREDICATES } from '../elementwise-operators.ts';
import { broadcast, input, problem, type ShapeRule, table } from './context.ts';

/** Absent optional inputs are left out; of Where the first input is only the condition. */
const elementwise: ShapeRule = (c) => {
  const shapes = c.inputs.flatMap((i) => (i ? [i.shape] : []));
  const shape = broadcast(...shapes) ?? problem(c, 'shapes do not broadcast');
  return [{ dtype: input(c, c.op === 'Where' ? 1 : 0).dtype, shape }];
};
const predicate: ShapeRule = (c) => elementwise(c).map((v) => ({ ...v, dtype: 'bool' }));
const same: ShapeRule = (c) => [input(c, 0)];

export const ELEMENTWISE_RULES: Readonly<Record<string, ShapeRule>> = {
  ...table(elementwise, Object.keys(ELEMENTWISE_OPERATORS)),
  ...table(predicate, Object.keys(ELEMENTWISE_PREDICATES)),
  ...table(same, [
    'Swish',
    'QuickGelu',
    'FastGelu',
    'BiasGelu',
    'RMSNormalization',
    'Softmax',
    'LogSoftmax',
    'Hardmax',
    'LpNormalization',
    'CumSum',
    'Trilu',
    'LRN',
    'InstanceNormalization',
    'GroupNormalization',
    'ScatterElements',
    'ScatterND',
  ]),
};
