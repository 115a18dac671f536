/** A weighted sum of losses: detection and other models with several outputs or aims. */
import { fail } from '../../errors.ts';
import type { Arithmetic } from '../arithmetic.ts';
import type { Loss } from './loss.ts';

/** One summand of {@link sumOfLosses}. */
export interface LossTerm {
  /** One of `LOSSES`, or your own. */
  readonly loss: Loss;
  /** Factor of the term, any finite number; 1 by default. */
  readonly weight?: number;
  /** Places (from 0) of the model's outputs that the loss takes; all in order by default. */
  readonly outputs?: readonly number[];
}

/**
 * Σ weight · loss, for detection and other models with several outputs or aims. The graph inputs of each term are
 * named `<term>.<input>`: with `{ boxes: …, classes: … }` they are `boxes.targets` and `classes.labels`.
 * @throws USAGE when there are no terms; when the graph is built, SHAPE when a term wants an output that the model
 *   has not
 */
export function sumOfLosses(terms: Readonly<Record<string, LossTerm>>): Loss {
  if (Object.keys(terms).length === 0)
    fail('USAGE', {
      what: 'sumOfLosses: there are no terms',
      hint: 'Give at least one, for example { classes: { loss } }.',
    });
  return {
    name: 'sum',
    classLabels: (shapes) =>
      Object.entries(terms).flatMap(([term, { loss, outputs: taken }]) => {
        const chosen = taken ? taken.map((i) => shapes[i]!) : shapes;
        const labels = loss.classLabels?.(chosen) ?? [];
        return labels.map((each) => ({ ...each, input: `${term}.${each.input}` }));
      }),
    build(m, outputs, stopGradient) {
      const parts = Object.entries(terms).map(([term, { loss, weight = 1, outputs: taken }]) => {
        const chosen = taken ? taken.map((i) => outputs[i] ?? missing(term, i, outputs.length)) : outputs;
        return m.scale(loss.build(withPrefix(m, `${term}.`), chosen, stopGradient), weight);
      });
      return parts.reduce((a, b) => m.add(a, b));
    },
  };
}

const missing = (term: string, index: number, count: number): never =>
  fail('SHAPE', {
    layer: term,
    operator: 'sumOfLosses',
    reason: `it wants output ${index} of a model with ${count}`,
  });

function withPrefix(m: Arithmetic, prefix: string): Arithmetic {
  return {
    ...m,
    g: { ...m.g, input: (name, dtype, shape) => m.g.input(`${prefix}${name}`, dtype, shape) },
  };
}
