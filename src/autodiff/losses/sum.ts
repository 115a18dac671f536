/** A weighted sum of losses: detection and other models with several outputs or aims. */
import type { Arithmetic } from '../arithmetic.ts';
import type { Loss } from './loss.ts';

/** One summand of {@link sumOfLosses}. */
export interface LossTerm {
  readonly loss: Loss;
  /** 1 by default. */
  readonly weight?: number;
  /** Which of the model's outputs the loss takes; all in order by default. */
  readonly outputs?: readonly number[];
}

/**
 * Σ weight · loss. The graph inputs of each term are named `<term>.<input>`: with `{ boxes: …, classes: … }` they are
 * `boxes.targets` and `classes.labels`.
 */
export function sumOfLosses(terms: Readonly<Record<string, LossTerm>>): Loss {
  return {
    name: 'sum',
    build(m, outputs, stopGradient) {
      const parts = Object.entries(terms).map(([term, { loss, weight = 1, outputs: taken }]) => {
        const chosen = taken ? taken.map((i) => outputs[i]!) : outputs;
        return m.scale(loss.build(withPrefix(m, `${term}.`), chosen, stopGradient), weight);
      });
      return parts.reduce((a, b) => m.add(a, b));
    },
  };
}

function withPrefix(m: Arithmetic, prefix: string): Arithmetic {
  return {
    ...m,
    g: { ...m.g, input: (name, dtype, shape) => m.g.input(`${prefix}${name}`, dtype, shape) },
  };
}
