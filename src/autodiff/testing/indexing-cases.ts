/** Cases of operators that pick elements by index or put them there. */
import { type GraphBuilder, int, int64, str } from '../../onnx/graph-builder.ts';
import type { OperatorCase } from './operator-case.ts';

const indices = (g: GraphBuilder, shape: readonly number[], ...values: number[]): string =>
  g.constant({ ...int64(values), shape });

/** Of x0 [3, 4] and x1 [2, 3]; two updates of one column meet in the same place. */
const scatterElements = (reduction: 'none' | 'add', torch: string): OperatorCase => ({
  name: `ScatterElements ${reduction}`,
  shapes: [
    [3, 4],
    [3, 2],
  ],
  torch,
  build: (g, [x, updates]) => {
    const places = reduction === 'add' ? [0, 0, 3, 1, 2, 2] : [0, 1, 3, 1, 2, 0];
    const attributes = { axis: int(1), reduction: str(reduction) };
    return g.op('ScatterElements', [x!, indices(g, [3, 2], ...places), updates!], attributes);
  },
});

const scatterND = (reduction: 'none' | 'add', accumulate: 'True' | 'False'): OperatorCase => ({
  name: `ScatterND ${reduction}`,
  shapes: [
    [4, 3, 2],
    [2, 2],
  ],
  torch: `x0.index_put((torch.tensor([1, 3]), torch.tensor([2, 0])), x1, accumulate=${accumulate})`,
  build: (g, [x, updates]) =>
    g.op('ScatterND', [x!, indices(g, [2, 2], 1, 2, 3, 0), updates!], { reduction: str(reduction) }),
});

export const INDEXING_CASES: readonly OperatorCase[] = [
  {
    name: 'Gather computed, negative indices',
    shapes: [[4, 3]],
    torch: 'x0[torch.tensor([-1, 0, -4])]',
    build: (g, [x]) => {
      const computed = g.op('Sub', [indices(g, [3], 0, 1, -3), indices(g, [1], 1)]);
      return g.op('Gather', [x!, computed]);
    },
  },
  {
    name: 'GatherElements',
    shapes: [[3, 4]],
    torch: 'x0.gather(1, torch.tensor([[0, 0], [3, 1], [2, 2]]))',
    build: (g, [x]) => g.op('GatherElements', [x!, indices(g, [3, 2], 0, 0, -1, 1, 2, 2)], { axis: int(1) }),
  },
  {
    name: 'GatherND',
    shapes: [[4, 3, 2]],
    torch: 'x0[torch.tensor([1, 3, 1]), torch.tensor([2, 0, 2])]',
    build: (g, [x]) => g.op('GatherND', [x!, indices(g, [3, 2], 1, 2, 3, 0, 1, 2)]),
  },
  scatterElements('none', 'x0.scatter(1, torch.tensor([[0, 1], [3, 1], [2, 0]]), x1)'),
  scatterElements('add', 'x0.scatter_add(1, torch.tensor([[0, 0], [3, 1], [2, 2]]), x1)'),
  scatterND('none', 'False'),
  scatterND('add', 'True'),
  {
    name: 'TopK',
    shapes: [[3, 6]],
    torch: 'x0.topk(2, 1).values',
    build: (g, [x]) =>
      g.node('TopK', [x!, indices(g, [1], 2)], { outputs: 2, attributes: { axis: int(1) } })[0]!,
  },
  {
    name: 'CumSum',
    shapes: [[3, 4]],
    torch: 'x0.flip(1).cumsum(1).flip(1)',
    build: (g, [x]) => g.op('CumSum', [x!, indices(g, [], 1)], { reverse: int(1) }),
  },
  {
    name: 'CumSum exclusive',
    shapes: [[3, 4]],
    torch: 'x0.cumsum(0) - x0',
    build: (g, [x]) => g.op('CumSum', [x!, indices(g, [], 0)], { exclusive: int(1) }),
  },
  {
    name: 'Trilu',
    shapes: [[2, 3, 4]],
    torch: 'x0.triu(1)',
    build: (g, [x]) => g.op('Trilu', [x!, indices(g, [], 1)], { upper: int(1) }),
  },
];
