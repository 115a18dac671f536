/**
 * Watching a training step: counts of NaN and infinite elements in every layer's value and gradient.
 *
 * A watching graph is built only after a step has failed, from the same model, and run once on what that step was fed:
 * training itself pays nothing for it.
 */
import { int } from '../onnx/graph-builder.ts';
import type { OnnxNode } from '../onnx/model.ts';
import { type Arithmetic, staticShape } from './arithmetic.ts';

export interface WatchedValue {
  /** The model's node that the value belongs to; null for the loss. */
  readonly layer: OnnxNode | null;
  /** Gradients are those that the layer passes on to its inputs and weights. */
  readonly part: 'value' | 'loss' | 'gradient';
  /** Name in the training graph before it is lowered. */
  readonly value: string;
}

/** A watched value and how many elements it has. */
export interface CountedValue extends WatchedValue {
  /** Elements of the value: the most that its counts can be. */
  readonly elements: number;
}

/**
 * Adds the outputs `watch.nan` and `watch.infinite`, each [n].
 * @returns what is counted, in order: those of the given values that are float32 and in the graph
 */
export function emitWatch(m: Arithmetic, values: readonly WatchedValue[]): readonly CountedValue[] {
  const { g } = m;
  const defined = new Set(g.nodes().flatMap((n) => n.outputs));
  const counted = values
    .filter(({ value }) => defined.has(value) && g.dtype(value) === 'float32')
    .map((value) => ({ ...value, elements: staticShape(g.shape(value.value)).reduce((a, b) => a * b, 1) }));
  if (counted.length === 0) return [];
  const count = (test: 'IsNaN' | 'IsInf', value: string): string => {
    const shape = staticShape(g.shape(value));
    const hits = g.op('Cast', [g.op(test, [value])], { to: int(1) });
    return m.reshape(
      m.sum(
        hits,
        shape.map((_, i) => i),
        false,
      ),
      [1],
    );
  };
  for (const [output, test] of [
    ['watch.nan', 'IsNaN'],
    ['watch.infinite', 'IsInf'],
  ] as const) {
    const counts = counted.map(({ value }) => count(test, value));
    g.node('Concat', counts, { outputs: [output], attributes: { axis: int(0) } });
    g.output(output);
  }
  return counted;
}
