/** Images and volumes read at given points, between elements too (Jaderberg et al. 2015), written in gathers and products. */
import { fail } from '../../errors.ts';
import { int, int64 } from '../../onnx/graph-builder.ts';
import type { OnnxNode } from '../../onnx/model.ts';
import { intAttribute, ONNX_TYPE, stringAttribute } from '../../onnx/shape-rules.ts';
import { type Arithmetic, staticShape } from '../arithmetic.ts';
import { composite, type Form } from './form.ts';

/** One of the elements of an axis that a value is made of: its index, whole numbers as float32, and its share. */
interface Neighbour {
  readonly index: string;
  /** Null for all of it. */
  readonly share: string | null;
}

/** The standard's names before and after opset 20. */
const INTERPOLATIONS: Readonly<Record<string, (m: Arithmetic, place: string) => readonly Neighbour[]>> = {
  nearest,
  linear,
  bilinear: linear,
  cubic,
  bicubic: cubic,
};

function nearest(m: Arithmetic, place: string): readonly Neighbour[] {
  return [{ index: m.g.op('Round', [place]), share: null }];
}

function linear(m: Arithmetic, place: string): readonly Neighbour[] {
  const low = m.g.op('Floor', [place]);
  const fraction = m.sub(place, low);
  return [
    { index: low, share: m.sub(m.scalar(1), fraction) },
    { index: m.add(low, m.scalar(1)), share: fraction },
  ];
}

/** The parameter of cubic convolution, as PyTorch and ONNX Runtime have it. */
const A = -0.75;

/** Cubic convolution (Keys 1981): two neighbours on each side. */
function cubic(m: Arithmetic, place: string): readonly Neighbour[] {
  const low = m.g.op('Floor', [place]);
  const fraction = m.sub(place, low);
  const polynomial = (x: string, coefficients: readonly number[]): string =>
    coefficients.map((c) => m.scalar(c)).reduce((value, c, i) => (i === 0 ? c : m.add(m.mul(value, x), c)));
  /** Shares by the distance from the place: below 1, and between 1 and 2. */
  const near = (x: string): string => polynomial(x, [A + 2, -(A + 3), 0, 1]);
  const far = (x: string): string => polynomial(x, [A, -5 * A, 8 * A, -4 * A]);
  const rest = m.sub(m.scalar(1), fraction);
  const one = m.scalar(1);
  return [
    { index: m.sub(low, one), share: far(m.add(fraction, one)) },
    { index: low, share: near(fraction) },
    { index: m.add(low, one), share: near(rest) },
    { index: m.add(low, m.scalar(2)), share: far(m.add(rest, one)) },
  ];
}

/** A place beyond the border, mirrored there as often as it takes. */
function mirrored(m: Arithmetic, place: string, size: number, aligned: boolean): string {
  const [from, span] = aligned ? [0, size - 1] : [-0.5, size];
  if (span === 0) return m.scale(place, 0);
  const distance = m.g.op('Abs', [m.sub(place, m.scalar(from))]);
  const turns = m.g.op('Floor', [m.scale(distance, 1 / (2 * span))]);
  const within = m.sub(distance, m.scale(turns, 2 * span));
  const folded = m.sub(m.scalar(span), m.g.op('Abs', [m.sub(m.scalar(span), within)]));
  return m.add(folded, m.scalar(from));
}

/** The grid holds, for each point, its place along the last axis first, −1..1 from edge to edge. */
export const gridSample: Form = composite((m, node, [x, grid]) => {
  const { g } = m;
  const shape = staticShape(g.shape(x!));
  const [n, channels, ...sides] = shape as [number, number, ...number[]];
  const mode = stringAttribute(node.attributes, 'mode', 'linear');
  const padding = stringAttribute(node.attributes, 'padding_mode', 'zeros');
  const aligned = intAttribute(node.attributes, 'align_corners', 0) === 1;
  const interpolate = INTERPOLATIONS[mode] ?? notHandled(node, mode);
  if (interpolate === cubic && sides.length > 2) notHandled(node, `${mode}, of volumes`);
  const out = staticShape(g.shape(grid!)).slice(1, -1);
  const points = out.reduce((a, b) => a * b, 1);

  const places = sides.map((size, axis) => {
    const coordinate = sides.length - 1 - axis;
    const at = m.slice(grid!, sides.length + 1, coordinate, coordinate + 1);
    const scaled = m.scale(m.reshape(at, [n, 1, points]), (aligned ? size - 1 : size) / 2);
    return m.add(scaled, m.scalar((size - 1) / 2));
  });
  const elements = places.map((place, axis) => {
    const size = sides[axis]!;
    const mirror = (value: string): string =>
      padding === 'reflection' ? mirrored(m, value, size, aligned) : value;
    // Cubic interpolation mirrors its neighbours, the others the place between them.
    const of = interpolate === cubic ? place : mirror(place);
    return interpolate(m, of).map(({ index, share }) => {
      const wanted = interpolate === cubic ? mirror(index) : index;
      const inside = g.op('Clip', [wanted, m.scalar(0), m.scalar(size - 1)]);
      const whole = g.op('Cast', [inside], { to: int(ONNX_TYPE.int64) });
      if (padding !== 'zeros') return { index: whole, share };
      const there = g.op('Cast', [g.op('Equal', [wanted, inside])], { to: int(ONNX_TYPE.float32) });
      return { index: whole, share: share === null ? there : m.mul(share, there) };
    });
  });

  const flat = m.reshape(x!, [n, channels, sides.reduce((a, b) => a * b, 1)]);
  const everyChannel = g.constant(int64([n, channels, points]));
  /** All combinations of an element of each axis, at their places in memory. */
  const combined = elements.reduce((before, along, axis) =>
    before.flatMap((outer) =>
      along.map((inner) => ({
        index: m.add(m.mul(outer.index, g.constant({ ...int64([sides[axis]!]), shape: [] })), inner.index),
        share: product(m, outer.share, inner.share),
      })),
    ),
  );
  const parts = combined.map(({ index, share }) => {
    const values = g.op('GatherElements', [flat, g.op('Expand', [index, everyChannel])], { axis: int(2) });
    return share === null ? values : m.mul(values, share);
  });
  return m.reshape(
    parts.reduce((a, b) => m.add(a, b)),
    [n, channels, ...out],
  );
});

const product = (m: Arithmetic, a: string | null, b: string | null): string | null =>
  a === null ? b : b === null ? a : m.mul(a, b);

const notHandled = (node: OnnxNode, what: string): never =>
  fail('OPERATOR', { op: `GridSample (${what})`, node: node.name });
