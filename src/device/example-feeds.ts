/** Something to feed to any model: its latency depends on the shapes of its inputs, hardly on what is in them. */
import { fail } from '../errors.ts';
import type { Tensor } from '../onnx/model.ts';
import { createRandom } from '../random.ts';
import type { SessionInput } from '../runtime/session.ts';

export interface ExampleFeeds {
  readonly feeds: Readonly<Record<string, Tensor>>;
  /** Axes whose size nobody said, taken as 1: `input: height`. The first axis, the batch, is not among them. */
  readonly assumed: readonly string[];
}

const written = (shape: readonly (number | string)[]): string =>
  shape.map((axis) => (axis === '' ? '?' : axis)).join('x');

/** A model's input as far as its size is concerned: a string stands where its file leaves an axis open. */
export interface SizedInput {
  readonly name: string;
  readonly shape: readonly (number | string)[];
}

/**
 * Which of the given shapes is for which input.
 * @param shapes by input name, where an axis of the model has no fixed size
 * @returns the shape that was given for an input, or null
 * @throws MODEL_INPUT for an unknown name, or a shape that does not fit
 */
export function givenShapes(
  inputs: readonly SizedInput[],
  shapes: ReadonlyMap<string, readonly number[]>,
): (name: string) => readonly number[] | null {
  for (const [name, given] of shapes) {
    const input =
      inputs.find((own) => own.name === name) ??
      fail('MODEL_INPUT', {
        reason: `it has no input "${name}"`,
        hint: `Its inputs are: ${inputs.map((own) => own.name).join(', ')}.`,
      });
    if (!fits(given, input.shape))
      fail('MODEL_INPUT', {
        reason: `${written(given)} does not fit its input "${name}", which is ${written(input.shape)}`,
        hint: 'Give as many axes as the input has, and those of fixed size as they are.',
      });
  }
  return (name) => shapes.get(name) ?? null;
}

/** Axes whose size is open: `input: height`. The first axis, the batch, is not among them. */
export const openAxes = ({ name, shape }: SizedInput): string[] =>
  shape.flatMap((axis, i) => (i > 0 && typeof axis === 'string' ? [`${name}: ${axis || `axis ${i}`}`] : []));

/**
 * Noise (normal, mean 0, variance 1) for every input.
 * @param shapes by input name, where an axis of the model has no fixed size; other such axes are taken as 1
 * @throws MODEL_INPUT for an input of another type than float32, an unknown name, or a shape that does not fit
 */
export function exampleFeeds(
  inputs: readonly SessionInput[],
  shapes: ReadonlyMap<string, readonly number[]> = new Map(),
): ExampleFeeds {
  const given = givenShapes(inputs, shapes);
  const random = createRandom('latency');
  const feeds = inputs.map(({ name, type, shape: declared }) => {
    if (type !== 'float32')
      fail('MODEL_INPUT', {
        reason: `its input "${name}" is of the type ${type}`,
        hint: 'Only models with float32 inputs can be measured; cut off what comes before the first float layer.',
      });
    const shape = given(name) ?? declared.map((axis) => (typeof axis === 'number' ? axis : 1));
    const data = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, random.normal);
    return [name, { dtype: 'float32', shape, data }] as const;
  });
  const assumed = inputs.filter(({ name }) => given(name) === null).flatMap(openAxes);
  return { feeds: Object.fromEntries(feeds), assumed };
}

/** A model may say nothing at all of an input's shape: any fits then. */
const fits = (given: readonly number[], declared: readonly (number | string)[]): boolean =>
  declared.length === 0 ||
  (given.length === declared.length &&
    declared.every((axis, i) => typeof axis === 'string' || axis === given[i]));
