/** Images read at given points, between pixels too (Jaderberg et al. 2015), written in gathers and products. */
import { fail } from '../../errors.ts';
import { int, int64 } from '../../onnx/graph-builder.ts';
import { intAttribute, ONNX_TYPE, stringAttribute } from '../../onnx/shape-rules.ts';
import { type Arithmetic, staticShape } from '../arithmetic.ts';
import { composite, type Form } from './form.ts';

const cast = (m: Arithmetic, value: string, to: 'float32' | 'int64'): string =>
  m.g.op('Cast', [value], { to: int(ONNX_TYPE[to]) });
const clipped = (m: Arithmetic, value: string, size: number): string =>
  m.g.op('Clip', [value, m.scalar(0), m.scalar(size - 1)]);

/** Pixels of one axis that a place lies between, or the nearest one, each with its share, 0..1. */
function neighbours(
  m: Arithmetic,
  place: string,
  nearest: boolean,
): { pixel: string; share: string | null }[] {
  if (nearest) return [{ pixel: m.g.op('Round', [place]), share: null }];
  const low = m.g.op('Floor', [place]);
  const fraction = m.sub(place, low);
  return [
    { pixel: low, share: m.sub(m.scalar(1), fraction) },
    { pixel: m.add(low, m.scalar(1)), share: fraction },
  ];
}

/** The grid holds x and y of each point, −1..1 from edge to edge. Cubic interpolation and mirrored borders are not handled. */
export const gridSample: Form = composite((m, node, [x, grid]) => {
  const { attributes } = node;
  const mode = stringAttribute(attributes, 'mode', 'linear');
  const padding = stringAttribute(attributes, 'padding_mode', 'zeros');
  if (!['linear', 'bilinear', 'nearest'].includes(mode) || padding === 'reflection')
    fail('NO_GRADIENT', { op: `GridSample (${mode}, ${padding})`, node: node.name });
  const shape = staticShape(m.g.shape(x!));
  if (shape.length !== 4) fail('NO_GRADIENT', { op: 'GridSample (of volumes)', node: node.name });
  const [n, channels, height, width] = shape as [number, number, number, number];
  const [, rows, columns] = staticShape(m.g.shape(grid!)) as [number, number, number];
  const points = rows * columns;
  const aligned = intAttribute(attributes, 'align_corners', 0) === 1;

  const along = (axis: number, size: number) => {
    const at = m.reshape(m.slice(grid!, 3, axis, axis + 1), [n, 1, points]);
    const scale = (aligned ? size - 1 : size) / 2;
    const place = m.add(m.scale(at, scale), m.scalar((size - 1) / 2));
    return neighbours(m, padding === 'border' ? clipped(m, place, size) : place, mode === 'nearest').map(
      ({ pixel, share }) => {
        const inside = clipped(m, pixel, size);
        const there = cast(m, m.g.op('Equal', [pixel, inside]), 'float32');
        return { inside, share: share === null ? there : m.mul(share, there) };
      },
    );
  };
  const flat = m.reshape(x!, [n, channels, height * width]);
  const [across, down] = [along(0, width), along(1, height)];
  const parts = down.flatMap((row) =>
    across.map((column) => {
      const index = cast(m, m.add(m.scale(row.inside, width), column.inside), 'int64');
      const everyChannel = m.g.op('Expand', [index, m.g.constant(int64([n, channels, points]))]);
      const values = m.g.op('GatherElements', [flat, everyChannel], { axis: int(2) });
      return m.mul(values, m.mul(row.share, column.share));
    }),
  );
  return m.reshape(
    parts.reduce((a, b) => m.add(a, b)),
    [n, channels, rows, columns],
  );
});
