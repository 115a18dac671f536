import { describe, expect, it } from 'vitest';
import { checkModel } from './check.ts';
import { createGraphBuilder, float32, int64, ints } from './graph-builder.ts';
import type { OnnxModel, OnnxNode, ValueInfo } from './model.ts';

/** input [batch,2,4,4] → conv [batch,3,4,4] → flatten [batch,48] → output */
function sound(): OnnxModel {
  const g = createGraphBuilder({ name: 'sound' });
  const x = g.input('input', 'float32', ['batch', 2, 4, 4]);
  const w = g.initializer('w', float32(new Float32Array(6), [3, 2, 1, 1]));
  g.output(g.op('Flatten', [g.op('Conv', [x, w], {}, 'conv')], {}, 'flatten'));
  return g.build();
}
type Change = Partial<Omit<OnnxModel['graph'], 'nodes'>> & {
  readonly nodes?: (nodes: readonly OnnxNode[]) => readonly OnnxNode[];
};
const changed = (model: OnnxModel, { nodes, ...rest }: Change): OnnxModel => ({
  ...model,
  graph: { ...model.graph, ...rest, ...(nodes && { nodes: nodes(model.graph.nodes) }) },
});
const node = (fields: Partial<OnnxNode>): OnnxNode => ({
  name: 'extra',
  op: 'Relu',
  domain: '',
  inputs: ['input'],
  outputs: ['extra'],
  attributes: {},
  ...fields,
});

describe('checkModel', () => {
  const model = sound();
  const output = model.graph.outputs[0] as ValueInfo;
  const w = (shape: number[]) =>
    new Map([['w', float32(new Float32Array(shape.reduce((a, b) => a * b)), shape)]]);

  it('finds nothing in a sound model', () => expect(checkModel(model)).toEqual([]));

  it.each<readonly [string, Change, string | null, RegExp]>([
    ['order', { nodes: (n) => [...n].reverse() }, 'flatten', /"conv" is not defined/],
    ['input', { nodes: (n) => [...n, node({ inputs: ['gone'] })] }, 'extra', /"gone" is not defined/],
    ['node names', { nodes: (n) => [...n, node({ name: 'conv' })] }, 'conv', /same name/],
    [
      'value names',
      { nodes: (n) => [...n, node({ outputs: ['conv'] })] },
      'extra',
      /"conv" is already defined/,
    ],
    ['domain', { nodes: (n) => [...n, node({ domain: 'com.example' })] }, 'extra', /"com.example"/],
    ['channels', { initializers: w([3, 5, 1, 1]) }, 'conv', /2 input channels/],
    ['window', { initializers: w([3, 2, 5, 5]) }, 'conv', /does not fit into 4/],
    ['rank', { initializers: w([3, 2, 1]) }, 'conv', /differ in rank/],
    ['missing attribute', { nodes: (n) => [...n, node({ op: 'MaxPool' })] }, 'extra', /kernel_shape/],
    [
      'declared shape',
      { outputs: [{ ...output, shape: ['batch', 47] }] },
      null,
      /\[batch, 47\].*\[batch, 48\]/,
    ],
    ['declared type', { outputs: [{ ...output, dtype: 'int64' }] }, null, /int64.*float32/],
    ['output', { outputs: [{ ...output, name: 'gone' }] }, null, /"gone" is not defined/],
    ['two inputs', { inputs: [...model.graph.inputs, model.graph.inputs[0]!] }, null, /two inputs/],
  ])('%s', (_, change, name, reason) => {
    const problems = checkModel(changed(model, change));
    expect(problems).toContainEqual({ node: name, reason: expect.stringMatching(reason) });
  });

  it('reports every problem, and the missing operator set', () => {
    const problems = checkModel({ ...model, opsets: {} });
    expect(problems.map((p) => p.node)).toEqual(['conv', 'flatten']);
  });

  it('lets pass what only a run can tell', () => {
    const extra = [
      node({ name: 'shape', op: 'Shape', outputs: ['shape'] }),
      node({ name: 'reshape', op: 'Reshape', inputs: ['input', 'shape'], outputs: ['reshaped'] }),
      node({ name: 'after', inputs: ['reshaped'], outputs: ['after'] }),
      node({ name: 'own', op: 'NobodyKnows', inputs: ['after'], outputs: ['own'] }),
      // Slicing the symbolic batch axis.
      node({ name: 'slice', op: 'Slice', inputs: ['input', 'starts', 'ends'], outputs: ['slice'] }),
    ];
    const initializers = new Map([...model.graph.initializers, ['starts', int64([0])], ['ends', int64([1])]]);
    expect(checkModel(changed(model, { nodes: (n) => [...n, ...extra], initializers }))).toEqual([]);
  });

  it('takes initialisers that are inputs too, as old models have them', () => {
    const inputs = [...model.graph.inputs, { name: 'w', dtype: 'float32', shape: [3, 2, 1, 1] } as const];
    expect(checkModel(changed(model, { inputs }))).toEqual([]);
  });

  it('follows constants that are nodes', () => {
    const constant = (value: number[]): OnnxNode =>
      node({
        name: 'target',
        op: 'Constant',
        inputs: [],
        outputs: ['target'],
        attributes: { value: { type: 'tensor', value: int64(value) } },
      });
    const reshape = node({ op: 'Reshape', inputs: ['conv', 'target'], attributes: { unused: ints([1]) } });
    const fixed = changed(model, { inputs: [{ name: 'input', dtype: 'float32', shape: [1, 2, 4, 4] }] });
    const withTarget = (value: number[]) =>
      checkModel(changed(fixed, { nodes: (n) => [...n, constant(value), reshape] }));
    expect(withTarget([6, -1])).toEqual([]);
    expect(withTarget([5, 9])).toEqual([{ node: 'extra', reason: expect.stringMatching(/48 elements/) }]);
  });
});
