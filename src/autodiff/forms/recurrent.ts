/**
 * Recurrent layers written out step by step, in products and activations that have gradient rules. The sequence is as long
 * as the graph says; the input's product is done once for all steps, and one Split hands each step its rows.
 */
import { fail } from '../../errors.ts';
import { float32, type GraphBuilder, int, int64 } from '../../onnx/graph-builder.ts';
import type { OnnxNode, Tensor } from '../../onnx/model.ts';
import { SHAPE_RULES, stringAttribute, stringsAttribute } from '../../onnx/shape-rules.ts';
import { type Arithmetic, staticShape } from '../arithmetic.ts';
import type { Form } from './form.ts';

/** A function of gates or states, element by element. */
type Activation = (value: string) => string;

/** What the steps in one direction are written with. */
export interface Direction {
  readonly m: Arithmetic;
  readonly node: OnnxNode;
  readonly hidden: number;
  /** Recurrence weights [gates·hidden, hidden]. */
  readonly weights: string;
  /** Of the input's product and of the recurrent one, [gates·hidden] each; null where the layer has none. */
  readonly bias: { readonly input: string; readonly recurrence: string } | null;
  /** In the standard's order. */
  readonly activations: readonly Activation[];
}

/** One direction's step. */
export interface Cell {
  /** Added to the product of the input, [gates·hidden]; null for nothing. */
  readonly bias: string | null;
  /**
   * @param inputs products of the step's input with the weights of each part, [batch, gates of the part·hidden]
   * @param states before the step, [batch, hidden]; the first is what the layer gives
   * @returns the states after it
   */
  step(inputs: readonly string[], states: readonly string[]): readonly string[];
}

export interface RecurrentKind {
  /** How many gates a step takes together, in their order. */
  readonly parts: readonly number[];
  readonly states: number;
  /** The standard's, of one direction. */
  readonly activations: readonly string[];
  cell(direction: Direction): Cell;
}

/** Functions without settings: operators of their own by the same names. */
const ACTIVATIONS: ReadonlySet<string> = new Set(['Sigmoid', 'Tanh', 'Relu', 'Softplus']);

/** Inputs of all kinds that are no weights. */
const LENGTHS = 4;
const FIRST_STATE = 5;
const PEEPHOLES = 7;

/** The form of a layer of one kind. */
export const recurrentForm =
  (kind: RecurrentKind): Form =>
  ({ m }, node) => {
    const { g } = m;
    const refused = refusedSetting(node);
    if (refused !== null) fail('OPERATOR', { op: `${node.op} ${refused}`, node: node.name });
    const [length, directions, batch, hidden] = sizesOf(g, node);
    const activations = activationsOf(m, node, kind, directions);
    const x = m.reshape(node.inputs[0]!, [length * batch, staticShape(g.shape(node.inputs[0]!))[2]!]);
    const gates = kind.parts.reduce((a, b) => a + b, 0);
    const within = stepsWithin(m, node.inputs[LENGTHS], length, batch);
    const zeros = g.constant(float32(new Float32Array(batch * hidden), [batch, hidden]));
    /** What stands along axis 0 for each direction. */
    const ofEach = (value: string | undefined, shape: readonly number[]): readonly string[] | null =>
      value
        ? split(m, value, 0, new Array<number>(directions).fill(1)).map((part) => m.reshape(part, shape))
        : null;

    const inputWeights = ofEach(node.inputs[1], [gates * hidden, staticShape(g.shape(x))[1]!])!;
    const weights = ofEach(node.inputs[2], [gates * hidden, hidden])!;
    const biases = ofEach(node.inputs[3], [2 * gates * hidden]);
    const starts = Array.from({ length: kind.states }, (_, i) =>
      ofEach(node.inputs[FIRST_STATE + i], [batch, hidden]),
    );

    const runs = weights.map((own, direction) => {
      const both = biases && split(m, biases[direction]!, 0, [gates * hidden, gates * hidden]);
      const bias = both && { input: both[0]!, recurrence: both[1]! };
      const cell = kind.cell({ m, node, hidden, weights: own, bias, activations: activations[direction]! });
      const inputs = [x, inputWeights[direction]!, ...(cell.bias === null ? [] : [cell.bias])];
      const product = g.op('Gemm', inputs, { transB: int(1) });
      const widths = kind.parts.map((part) => part * hidden);
      const rows = split(m, product, 1, widths).map((part) =>
        split(m, part, 0, new Array<number>(length).fill(batch)),
      );
      const order = Array.from({ length }, (_, at) => at);
      const isReverse =
        direction === 1 || stringAttribute(node.attributes, 'direction', 'forward') === 'reverse';
      return walk(
        m,
        cell,
        (isReverse ? order.reverse() : order).map((at) => ({
          at,
          inputs: rows.map((part) => part[at]!),
          isWithin: within(at),
        })),
        starts.map((start) => start?.[direction] ?? zeros),
        zeros,
      );
    });

    const steps = Array.from({ length }, (_, at) => runs.map(({ given }) => given[at]!)).flat();
    const outputs = [
      { values: steps, shape: [length, directions, batch, hidden] },
      ...starts.map((_, i) => ({
        values: runs.map(({ states }) => states[i]!),
        shape: [directions, batch, hidden],
      })),
    ];
    outputs.forEach(({ values, shape }, i) => {
      const output = node.outputs[i];
      if (!output) return;
      const whole = values.length === 1 ? values[0]! : g.op('Concat', values, { axis: int(0) });
      g.node('Identity', [m.reshape(whole, shape)], { outputs: [output], name: `${node.name}/${NAMES[i]}` });
    });
  };

interface Step {
  /** Its number in the sequence. */
  readonly at: number;
  readonly inputs: readonly string[];
  /** Which sequences have it, bool [batch, 1]; null for all. */
  readonly isWithin: string | null;
}

/** One step after another: what each gives, by its number, and the last states. */
function walk(
  m: Arithmetic,
  cell: Cell,
  steps: readonly Step[],
  start: readonly string[],
  zeros: string,
): { readonly given: readonly string[]; readonly states: readonly string[] } {
  let states = start;
  const given = new Array<string>(steps.length);
  for (const { at, inputs, isWithin } of steps) {
    const before = states;
    const after = cell.step(inputs, before);
    states = isWithin === null ? after : after.map((state, i) => m.where(isWithin, state, before[i]!));
    given[at] = isWithin === null ? after[0]! : m.where(isWithin, after[0]!, zeros);
  }
  return { given, states };
}

/** Of the outputs, for the names of their nodes. */
const NAMES = ['every', 'last', 'cell'] as const;

/** What the steps above do not do: no exporter of today writes it. */
function refusedSetting({ attributes, inputs }: OnnxNode): string | null {
  const number = (name: string): number => {
    const found = attributes[name];
    return found?.type === 'int' || found?.type === 'float' ? found.value : 0;
  };
  if (number('layout') !== 0) return '(layout 1: batch first; export it with the sequence first)';
  if (number('clip') > 0) return '(with clip)';
  if (number('input_forget') !== 0) return '(with input_forget)';
  if (inputs[PEEPHOLES]) return '(with peepholes)';
  for (const name of ['activation_alpha', 'activation_beta']) {
    const found = attributes[name];
    if (found?.type === 'floats' && found.value.length > 0) return `(with ${name})`;
  }
  return null;
}

/** Steps, directions, batch and hidden units, once the node's inputs are seen to fit. */
function sizesOf(g: GraphBuilder, node: OnnxNode): [number, number, number, number] {
  const [every] = SHAPE_RULES[node.op]!({
    op: node.op,
    name: node.name,
    attributes: node.attributes,
    inputs: node.inputs.map((i) => (i === '' ? null : { dtype: g.dtype(i), shape: g.shape(i) })),
    constant: () => null,
    outputCount: 1,
  });
  return staticShape(every!.shape) as [number, number, number, number];
}

function activationsOf(
  { g }: Arithmetic,
  node: OnnxNode,
  { activations }: RecurrentKind,
  directions: number,
): readonly (readonly Activation[])[] {
  const names = stringsAttribute(node.attributes, 'activations') ?? [];
  const each = activations.length;
  return Array.from({ length: directions }, (_, direction) =>
    activations.map((usual, i) => {
      const name = names[direction * each + i] ?? usual;
      if (!ACTIVATIONS.has(name)) fail('OPERATOR', { op: `${node.op} (of ${name})`, node: node.name });
      return (value: string) => g.op(name, [value]);
    }),
  );
}

/** Parts of one axis; the whole where there is only one. */
export function split(
  m: Arithmetic,
  value: string,
  axis: number,
  sizes: readonly number[],
): readonly string[] {
  if (sizes.length === 1) return [value];
  return m.g.node('Split', [value, m.g.constant(int64(sizes))], {
    outputs: sizes.length,
    attributes: { axis: int(axis) },
  });
}

/**
 * Which sequences of the batch have a step of this number, bool [batch, 1]; null where all have it. After its end a
 * sequence keeps its state and gives zeros.
 */
function stepsWithin(
  m: Arithmetic,
  lengths: string | undefined,
  length: number,
  batch: number,
): (step: number) => string | null {
  if (!lengths) return () => null;
  const known: Tensor | null = m.g.tensor(lengths);
  const shortest = known ? Math.min(...Array.from(known.data as ArrayLike<number | bigint>, Number)) : 0;
  if (shortest >= length) return () => null;
  const column = m.reshape(lengths, [batch, 1]);
  return (step) =>
    step < shortest
      ? null
      : m.g.op('Greater', [column, m.g.constant({ dtype: 'int32', shape: [], data: Int32Array.of(step) })]);
}
