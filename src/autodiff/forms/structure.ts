/** Operators that move elements about, written in others that have gradient rules. */
import { int, int64 } from '../../onnx/graph-builder.ts';
import type { OnnxNode } from '../../onnx/model.ts';
import { intAttribute, stringAttribute } from '../../onnx/shape-rules.ts';
import { type Arithmetic, staticShape } from '../arithmetic.ts';
import { composite, type Form } from './form.ts';

function constants(m: Arithmetic, value: string | undefined): readonly number[] | null {
  const tensor = value ? m.g.tensor(value) : null;
  return tensor && Array.from(tensor.data as ArrayLike<number | bigint>, Number);
}

/** Copies along an axis of their own before each axis. */
const tile = composite((m, node, [x]) => {
  const shape = staticShape(m.g.shape(x!));
  const repeats = constants(m, node.inputs[1]);
  // Computed repeats leave the shape unknown, which the builder says.
  if (repeats === null) return m.g.op('Tile', node.inputs);
  const split = shape.flatMap((d) => [1, d]);
  const copied = m.expand(
    m.reshape(x!, split),
    shape.flatMap((d, i) => [repeats[i]!, d]),
  );
  return m.reshape(
    copied,
    shape.map((d, i) => d * repeats[i]!),
  );
});

const depthToSpace = composite((m, node, [x]) => {
  const [n, channels, height, width] = staticShape(m.g.shape(x!)) as [number, number, number, number];
  const size = intAttribute(node.attributes, 'blocksize', 1);
  const rest = channels / (size * size);
  const columnsFirst = stringAttribute(node.attributes, 'mode', 'DCR') === 'CRD';
  const split = columnsFirst
    ? m.transpose(m.reshape(x!, [n, rest, size, size, height, width]), [0, 1, 4, 2, 5, 3])
    : m.transpose(m.reshape(x!, [n, size, size, rest, height, width]), [0, 3, 4, 1, 5, 2]);
  return m.reshape(split, [n, rest, height * size, width * size]);
});

const spaceToDepth = composite((m, node, [x]) => {
  const [n, channels, height, width] = staticShape(m.g.shape(x!)) as [number, number, number, number];
  const size = intAttribute(node.attributes, 'blocksize', 1);
  const split = m.reshape(x!, [n, channels, height / size, size, width / size, size]);
  const moved = m.transpose(split, [0, 3, 5, 1, 2, 4]);
  return m.reshape(moved, [n, channels * size * size, height / size, width / size]);
});

/** Which element each place of a padded axis shows. */
function paddedIndices(mode: string, size: number, before: number, after: number): readonly number[] {
  return Array.from({ length: before + size + after }, (_, i) => {
    const place = i - before;
    if (mode === 'edge') return Math.min(Math.max(place, 0), size - 1);
    if (mode === 'wrap') return ((place % size) + size) % size;
    // Mirrored at the first and the last element.
    const period = 2 * (size - 1);
    const folded = ((place % period) + period) % period;
    return folded < size ? folded : period - folded;
  });
}

/** Negative padding cuts; borders that repeat the image become a choice of its rows and columns. */
const pad: Form = (c, node) => {
  const { m } = c;
  const x = node.inputs[0]!;
  const shape = staticShape(m.g.shape(x));
  const mode = stringAttribute(node.attributes, 'mode', 'constant');
  const pads = constants(m, node.inputs[1]);
  if (pads === null || (mode === 'constant' && pads.every((p) => p >= 0))) return padAsItIs(m, node);
  const axes = (constants(m, node.inputs[3]) ?? shape.map((_, i) => i)).map((a) =>
    a < 0 ? a + shape.length : a,
  );
  let value = x;
  axes.forEach((axis, i) => {
    const [before, after] = [pads[i]!, pads[i + axes.length]!];
    if (before < 0 || after < 0)
      value = m.slice(value, axis, Math.max(0, -before), shape[axis]! - Math.max(0, -after));
  });
  const grown = pads.map((p) => Math.max(0, p));
  if (mode === 'constant') {
    const inputs = [value, m.g.constant(int64(grown)), ...node.inputs.slice(2)];
    m.g.node('Pad', inputs, { outputs: [node.outputs[0]!], name: node.name });
    return;
  }
  axes.forEach((axis, i) => {
    const size = staticShape(m.g.shape(value))[axis]!;
    const indices = paddedIndices(mode, size, grown[i]!, grown[i + axes.length]!);
    if (indices.length > size)
      value = m.g.op('Gather', [value, m.g.constant(int64(indices))], { axis: int(axis) });
  });
  composite(() => value)(c, node);
};

function padAsItIs(m: Arithmetic, { name, inputs, outputs, attributes }: OnnxNode): void {
  m.g.node('Pad', inputs, { name, outputs, attributes });
}

const reduceLogSum: Form = composite((m, node) =>
  m.g.op('Log', [m.g.op('ReduceSum', node.inputs, node.attributes)]),
);

export const STRUCTURE_FORMS: Readonly<Record<string, Form>> = {
  Tile: tile,
  DepthToSpace: depthToSpace,
  SpaceToDepth: spaceToDepth,
  Pad: pad,
  ReduceLogSum: reduceLogSum,
};
