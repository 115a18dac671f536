/**
 * Convolutions and pools with their padding in numbers: `auto_pad`, `output_shape` and `ceil_mode` written out, so that
 * gradient rules and lowerings see one form. Those over one axis (sequences) become images one pixel high, those over
 * three (volumes) images of their slices.
 */
import { float32, int, int64, ints } from '../../onnx/graph-builder.ts';
import type { Attributes, OnnxNode } from '../../onnx/model.ts';
import { intAttribute, intsAttribute, stringAttribute } from '../../onnx/shape-rules.ts';
import { type Arithmetic, staticShape } from '../arithmetic.ts';
import type { Form, ForwardContext } from './form.ts';
import { transposedVolumeConvolution, volumeConvolution, volumePool } from './volume.ts';

/** Attributes with numbers for each axis, and what the added axis gets before each of them. */
const PER_AXIS = {
  kernel_shape: 1,
  strides: 1,
  dilations: 1,
  pads: 0,
  output_padding: 0,
  output_shape: 1,
} as const satisfies Readonly<Record<string, number>>;

/** The attributes of the operator over images one pixel high. */
function widened(attributes: Attributes): Attributes {
  const result: Record<string, Attributes[string]> = { ...attributes };
  for (const [name, neutral] of Object.entries(PER_AXIS)) {
    const list = intsAttribute(attributes, name);
    if (list) result[name] = ints(list.flatMap((value) => [neutral, value]));
  }
  return result;
}

/** Emits a node over sequences [N, C, L] as one over images [N, C, 1, L]. */
const overImages =
  (form: Form, weighted: boolean): Form =>
  (c, node) => {
    const { g } = c.m;
    if (g.shape(node.inputs[0]!).length !== 3) return form(c, node);
    const two = g.constant(int64([2]));
    const image = (value: string): string => g.op('Unsqueeze', [value, two]);
    const inputs = node.inputs.map((value, i) => (i === 0 || (weighted && i === 1) ? image(value) : value));
    const output = `${node.outputs[0]}/image`;
    form(c, { ...node, inputs, outputs: [output], attributes: widened(node.attributes) });
    g.node('Squeeze', [output, two], { outputs: [node.outputs[0]!], name: `${node.name}/output` });
  };

interface Windows {
  readonly input: readonly number[];
  readonly span: readonly number[];
  readonly stride: readonly number[];
}

/** Padding of both ends of every axis, given the sum of it. */
function shared(totals: readonly number[], extraFirst: boolean): readonly number[] {
  const small = totals.map((t) => Math.floor(t / 2));
  const large = totals.map((t, i) => t - small[i]!);
  return extraFirst ? [...large, ...small] : [...small, ...large];
}

function windows(m: Arithmetic, node: OnnxNode, kernel: readonly number[]): Windows {
  const dilation = intsAttribute(node.attributes, 'dilations') ?? kernel.map(() => 1);
  return {
    input: staticShape(m.g.shape(node.inputs[0]!)).slice(2),
    span: kernel.map((k, i) => (k - 1) * dilation[i]! + 1),
    stride: intsAttribute(node.attributes, 'strides') ?? kernel.map(() => 1),
  };
}

/** With padding in numbers only. */
function explicit(attributes: Attributes, pads: readonly number[]): Attributes {
  const { auto_pad: _, ceil_mode: __, output_shape: ___, ...rest } = attributes;
  return { ...rest, pads: ints(pads) };
}

/** SAME: as many outputs as strides fit into the input. */
function samePads(node: OnnxNode, w: Windows): readonly number[] | null {
  const auto = stringAttribute(node.attributes, 'auto_pad', 'NOTSET');
  if (!auto.startsWith('SAME')) return null;
  const totals = w.input.map((size, i) =>
    Math.max(0, (Math.ceil(size / w.stride[i]!) - 1) * w.stride[i]! + w.span[i]! - size),
  );
  return shared(totals, auto === 'SAME_LOWER');
}

export const convolutionForm = (form: Form): Form =>
  overImages((c, node) => {
    const kernel = staticShape(c.m.g.shape(node.inputs[1]!)).slice(2);
    const w = windows(c.m, node, kernel);
    const pads = node.op === 'Conv' ? samePads(node, w) : transposedPads(node, w);
    const numbered = pads === null ? node : { ...node, attributes: explicit(node.attributes, pads) };
    if (kernel.length < 3) return form(c, numbered);
    const overVolumes = node.op === 'Conv' ? volumeConvolution : transposedVolumeConvolution;
    return overVolumes(form)(c, numbered);
  }, true);

/** The padding that makes a transposed convolution's output as large as is asked. */
function transposedPads(node: OnnxNode, w: Windows): readonly number[] | null {
  const auto = stringAttribute(node.attributes, 'auto_pad', 'NOTSET');
  const given = intsAttribute(node.attributes, 'output_shape');
  if (given === null && !auto.startsWith('SAME')) return null;
  const extra = intsAttribute(node.attributes, 'output_padding') ?? w.span.map(() => 0);
  const totals = w.input.map((size, i) => {
    const wanted = given?.at(i - w.input.length) ?? size * w.stride[i]!;
    return Math.max(0, w.stride[i]! * (size - 1) + extra[i]! + w.span[i]! - wanted);
  });
  return shared(totals, auto !== 'SAME_UPPER');
}

/** ONNX Runtime pads by less than a kernel, dilated or not: the rest becomes rows and columns that are never the largest. */
function emitPadded(
  form: Form,
  c: ForwardContext,
  node: OnnxNode,
  kernel: readonly number[],
  pads: readonly number[],
): void {
  const { g } = c.m;
  const own = pads.map((p, i) => Math.min(p, kernel[i % kernel.length]! - 1));
  const rest = pads.map((p, i) => p - own[i]!);
  const attributes = explicit(node.attributes, own);
  const [before, after] = [rest.slice(0, kernel.length), rest.slice(kernel.length)];
  const around = (): string => g.constant(int64([0, 0, ...before, 0, 0, ...after]));
  const x = node.inputs[0]!;
  const padded = rest.some((p) => p > 0) ? g.op('Pad', [x, around(), g.constant(float32(LOWEST))]) : x;
  form(c, { ...node, inputs: [padded], attributes });
}

/** The lowest finite float32. */
const LOWEST = -(2 - 2 ** -23) * 2 ** 127;

/** `ceil_mode`: the end is padded until the last window fits; those elements never count in a mean. */
export const poolingForm = (form: Form): Form =>
  overImages((c, node) => {
    const { m } = c;
    const kernel = intsAttribute(node.attributes, 'kernel_shape') ?? [];
    if (kernel.length === 3) return volumePool(poolingForm(form))(c, node);
    const w = windows(m, node, kernel);
    const same = samePads(node, w);
    if (same) return emitPadded(form, c, node, kernel, same);
    if (intAttribute(node.attributes, 'ceil_mode', 0) !== 1) return form(c, node);
    const given = intsAttribute(node.attributes, 'pads') ?? [...kernel, ...kernel].map(() => 0);
    const rank = kernel.length;
    const [before, after] = [given.slice(0, rank), given.slice(rank)];
    const missing = w.input.map((size, i) => {
      const room = size + before[i]! + after[i]! - w.span[i]!;
      let count = Math.ceil(room / w.stride[i]!) + 1;
      if ((count - 1) * w.stride[i]! >= size + before[i]!) count--;
      return Math.max(0, (count - 1) * w.stride[i]! - room);
    });
    const ends = after.map((p, i) => p + missing[i]!);
    if (intAttribute(node.attributes, 'count_include_pad', 0) !== 1)
      return emitPadded(form, c, node, kernel, [...before, ...ends]);
    // Here the given padding counts and the rest does not: the one becomes zeros of the image.
    const padded = m.pad(node.inputs[0]!, [0, 0, ...before], [0, 0, ...after]);
    const pads = [...before.map(() => 0), ...missing];
    const attributes = { ...explicit(node.attributes, pads), count_include_pad: int(0) };
    form(c, { ...node, inputs: [padded], attributes });
  }, false);
