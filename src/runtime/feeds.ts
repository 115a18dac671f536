/** What a model is fed, held against its inputs before it runs: ONNX Runtime's own errors say less, some of them nothing. */
import { fail } from '../errors.ts';
import { nearest } from '../nearest.ts';
import type { Tensor } from '../onnx/model.ts';
import { TENSOR_ARRAYS } from '../onnx/tensor-arrays.ts';
import type { SessionInput } from './session.ts';

type Feeds = Readonly<Record<string, Tensor>>;

/** `float32 [batch, 3]` */
const written = (type: string, shape: readonly (number | string)[]): string =>
  `${type} [${shape.map((axis) => (axis === '' ? '?' : axis)).join(', ')}]`;

const listed = (inputs: readonly SessionInput[]): string =>
  `Its inputs are: ${inputs.map(({ name, type, shape }) => `${name} ${written(type, shape)}`).join('; ')}.`;

/**
 * Sees that every input is fed, with the type and the shape that it has. What is fed beside is not looked at: see
 * {@link checkNames}.
 * @throws MODEL_INPUT
 */
export function checkFeeds(inputs: readonly SessionInput[], feeds: Feeds): void {
  for (const input of inputs) {
    const tensor = feeds[input.name];
    if (tensor === undefined) missing(inputs, input, feeds);
    else if (!isWhole(tensor)) notWhole(input, tensor);
    else if (!fits(input, tensor))
      fail('MODEL_INPUT', {
        reason: `its input "${input.name}" is ${written(input.type, input.shape)}, and was fed ${written(tensor.dtype, tensor.shape)}`,
        hint: 'Feed a tensor of that type and shape, or make the model, or the training graph, for this one.',
      });
  }
}

/** @throws MODEL_INPUT for what is fed under a name that no input has */
export function checkNames(inputs: readonly SessionInput[], feeds: Feeds): void {
  const count = Object.keys(feeds).length;
  if (count === inputs.length) return;
  const names = new Set(inputs.map(({ name }) => name));
  for (const name of Object.keys(feeds))
    if (!names.has(name))
      fail('MODEL_INPUT', {
        reason: `it has no input "${name}"`,
        hint: `Leave it out. ${listed(inputs)}`,
      });
}

function missing(inputs: readonly SessionInput[], { name, type, shape }: SessionInput, feeds: Feeds): never {
  const known = inputs.map((input) => input.name);
  const others = Object.keys(feeds).filter((other) => !known.includes(other));
  const meant = nearest(name, others);
  return fail('MODEL_INPUT', {
    reason: `its input "${name}" (${written(type, shape)}) is missing`,
    hint: `${meant === null ? '' : `"${meant}" is none of its inputs: "${name}" is probably meant. `}${listed(inputs)}`,
  });
}

/** Whether the elements are held as the type wants them, and as many as the shape says. */
const isWhole = ({ dtype, shape, data }: Tensor): boolean =>
  (dtype === 'float16' || data instanceof TENSOR_ARRAYS[dtype]) &&
  data.length === shape.reduce((a, b) => a * b, 1);

function notWhole({ name }: SessionInput, { dtype, shape, data }: Tensor): never {
  const wanted = `${shape.reduce((a, b) => a * b, 1)} elements (${TENSOR_ARRAYS[dtype].name})`;
  return fail('MODEL_INPUT', {
    reason: `the tensor for its input "${name}" says ${written(dtype, shape)}, and has ${data.length} elements (${data.constructor.name})`,
    hint: `It must have ${wanted}; correct its data, its shape or its type.`,
  });
}

/** A model may say nothing at all of an input's shape: any fits then. Some exporters write -1 or 0 for any number. */
const fits = ({ type, shape }: SessionInput, tensor: Tensor): boolean =>
  type === tensor.dtype &&
  (shape.length === 0 ||
    (shape.length === tensor.shape.length &&
      shape.every((axis, i) => typeof axis === 'string' || axis <= 0 || axis === tensor.shape[i])));
