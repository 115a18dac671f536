/** Random choices of elements by index, and their opposites. */
import { type GraphBuilder, int, int64, str } from '../../../onnx/graph-builder.ts';
import type { Random } from '../../../random.ts';
import type { OperatorCase } from '../operator-case.ts';
import { type Draw, flag, image, list, ofEach, python, shuffled, size, sizes } from './draw.ts';

const tensor = (g: GraphBuilder, values: readonly number[], shape: readonly number[]): string =>
  g.constant({ ...int64(values), shape });
const python2 = (values: readonly number[], shape: readonly number[]): string =>
  `torch.tensor([${values}]).reshape(${python(shape)})`;

export const gather: Draw = (random) => {
  const shape = sizes(random, 1 + random.int(3), 5);
  const axis = random.int(shape.length);
  const indexShape = sizes(random, random.int(3), 3);
  const n = shape[axis]!;
  const indices = Array.from({ length: size(indexShape) }, () => random.int(2 * n) - n);
  const before = shape.slice(0, axis).map(() => ':, ');
  return {
    name: `Gather [${shape}] axis ${axis} indices [${indexShape}] ${indices}`,
    shapes: [shape],
    torch: `x0[${before.join('')}${python2(indices, indexShape)}]`,
    build: (g, [x]) => g.op('Gather', [x!, tensor(g, indices, indexShape)], { axis: int(axis) }),
  };
};

/** Places along one axis of a matrix, in a matrix. */
function places(random: Random, differ: boolean) {
  const shape = sizes(random, 2, 5);
  const axis = random.int(2);
  const picked = shape.map((d) => 1 + random.int(d));
  const lines = Array.from({ length: picked[1 - axis]! }, () =>
    differ
      ? shuffled(random, shape[axis]!).slice(0, picked[axis])
      : Array.from({ length: picked[axis]! }, () => random.int(shape[axis]!)),
  );
  const indices = Array.from({ length: size(picked) }, (_, i) => {
    const at = [Math.floor(i / picked[1]!), i % picked[1]!] as const;
    return lines[at[1 - axis]!]![at[axis]!]!;
  });
  return { shape, axis, picked, indices };
}

export const gatherElements: Draw = (random) => {
  const { shape, axis, picked, indices } = places(random, false);
  return {
    name: `GatherElements [${shape}] axis ${axis} at [${picked}] ${indices}`,
    shapes: [shape],
    torch: `x0.gather(${axis}, ${python2(indices, picked)})`,
    build: (g, [x]) => g.op('GatherElements', [x!, tensor(g, indices, picked)], { axis: int(axis) }),
  };
};

/** Overwriting wants indices that differ. */
export const scatterElements: readonly Draw[] = (['none', 'add'] as const).map((reduction) => (random) => {
  const { shape, axis, picked, indices } = places(random, reduction === 'none');
  const call = reduction === 'add' ? 'scatter_add' : 'scatter';
  return {
    name: `ScatterElements ${reduction} [${shape}] axis ${axis} at [${picked}] ${indices}`,
    shapes: [shape, picked],
    torch: `x0.${call}(${axis}, ${python2(indices, picked)}, x1)`,
    build: (g, [x, updates]) =>
      g.op('ScatterElements', [x!, tensor(g, indices, picked), updates!], {
        axis: int(axis),
        reduction: str(reduction),
      }),
  };
});

/** Places by their first `depth` coordinates. */
function points(random: Random, differ: boolean) {
  const shape = sizes(random, 1 + random.int(3));
  const depth = 1 + random.int(shape.length);
  const front = shape.slice(0, depth);
  const all = size(front);
  const flat = differ
    ? shuffled(random, all).slice(0, 4)
    : Array.from({ length: 1 + random.int(4) }, () => random.int(all));
  const coordinates = flat.map((place) => {
    let rest = place;
    return front
      .toReversed()
      .map((d) => {
        const at = rest % d;
        rest = Math.floor(rest / d);
        return at;
      })
      .reverse();
  });
  const index = front.map((_, axis) => `torch.tensor([${coordinates.map((c) => c[axis])}])`);
  return {
    shape,
    updates: [flat.length, ...shape.slice(depth)],
    index: index.join(', '),
    constant: (g: GraphBuilder) => tensor(g, coordinates.flat(), [flat.length, depth]),
    text: coordinates.map((c) => `(${c})`).join(' '),
  };
}

export const gatherND: Draw = (random) => {
  const { shape, index, constant, text } = points(random, false);
  return {
    name: `GatherND [${shape}] at ${text}`,
    shapes: [shape],
    torch: `x0[${index}]`,
    build: (g, [x]) => g.op('GatherND', [x!, constant(g)]),
  };
};

export const scatterND: readonly Draw[] = (['none', 'add'] as const).map((reduction) => (random) => {
  const { shape, updates, index, constant, text } = points(random, reduction === 'none');
  return {
    name: `ScatterND ${reduction} [${shape}] at ${text}`,
    shapes: [shape, updates],
    torch: `x0.index_put((${index},), x1, accumulate=${flag(reduction === 'add')})`,
    build: (g, [x, values]) => g.op('ScatterND', [x!, constant(g), values!], { reduction: str(reduction) }),
  };
});

export const topK: Draw = (random, round) => {
  const shape = sizes(random, 1 + random.int(3), 6);
  const axis = random.int(shape.length);
  const count = 1 + random.int(shape[axis]!);
  const largest = 1 - (round % 2);
  return {
    name: `TopK [${shape}] ${count} along ${axis}, largest ${largest}`,
    shapes: [shape],
    torch: `x0.topk(${count}, ${axis}, largest=${flag(largest)}).values`,
    build: (g, [x]) =>
      g.node('TopK', [x!, list(g, count)], {
        outputs: 2,
        attributes: { axis: int(axis), largest: int(largest) },
      })[0]!,
  };
};

/** Points inside the image and beyond it. The nearest pixel has no slope: the points are added, so that there is one. */
const gridSampleOf = (
  random: Random,
  shape: readonly number[],
  mode: 'nearest' | 'bilinear' | 'bicubic',
  padding: string,
): OperatorCase => {
  const aligned = random.int(2);
  const sides = shape.length - 2;
  const grid = [shape[0]!, ...sizes(random, sides), sides];
  const attributes = { mode: str(mode), padding_mode: str(padding), align_corners: int(aligned) };
  return {
    name: `GridSample ${mode} [${shape}] at [${grid}], ${padding}, aligned ${aligned}`,
    shapes: [shape, grid],
    torch: `F.grid_sample(x0, x1, '${mode}', '${padding}', ${flag(aligned)}) + x1.mean()`,
    build: (g, [x, points]) => {
      const read = g.op('GridSample', [x!, points!], attributes);
      return g.op('Add', [read, g.op('ReduceMean', [points!], { keepdims: int(0) })]);
    },
  };
};
const PADDINGS = { zeros: 0, border: 1, reflection: 2 } as const;
const MODES = ['bilinear', 'bicubic', 'nearest'] as const;

export const gridSample = ofEach(
  PADDINGS,
  (padding, turn) => (random, round) =>
    gridSampleOf(random, image(random), MODES[(round + turn) % 3]!, padding),
);

export const gridSampleOfVolumes = ofEach(PADDINGS, (padding) => (random, round) => {
  const shape = [...sizes(random, 2, 3), ...sizes(random, 3)];
  return gridSampleOf(random, shape, round % 2 === 0 ? 'bilinear' : 'nearest', padding);
});
