/** Normalisation and dropout. */
import { intAttribute } from '../attributes.ts';
import { input, normalAxis, type ShapeRule, type ValueType } from './context.ts';

const batchNorm: ShapeRule = (c) => {
  const statistics = input(c, 3);
  return [input(c, 0), statistics, statistics].slice(0, c.outputCount);
};

const layerNorm: ShapeRule = (c) => {
  const x = input(c, 0);
  const axis = normalAxis(intAttribute(c.attributes, 'axis', -1), x.shape.length);
  const reduced: ValueType = { dtype: 'float32', shape: x.shape.map((d, i) => (i >= axis ? 1 : d)) };
  return [x, reduced, reduced].slice(0, c.outputCount);
};

const dropout: ShapeRule = (c) => {
  const x = input(c, 0);
  return [x, { dtype: 'bool' as const, shape: x.shape }].slice(0, c.outputCount);
};

export const NORMALISATION_RULES: Readonly<Record<string, ShapeRule>> = {
  BatchNormalization: batchNorm,
  LayerNormalization: layerNorm,
  Dropout: dropout,
};
