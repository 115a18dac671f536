import { expect, test } from 'vitest';
import { createGraphBuilder, float, float32 } from './graph-builder.ts';

test('equal nodes are emitted once where that is asked for, draws and named outputs never', () => {
  const g = createGraphBuilder({ name: 'shared', shareEqualNodes: true });
  g.input('x', 'float32', [2]);
  const one = g.op('LeakyRelu', ['x'], { alpha: float(0.1) });
  expect(g.op('LeakyRelu', ['x'], { alpha: float(0.1) })).toBe(one);
  expect(g.op('LeakyRelu', ['x'], { alpha: float(0.2) })).not.toBe(one);
  expect(g.op('LeakyRelu', [one], { alpha: float(0.1) })).not.toBe(one);
  const draw = (): string =>
    g.node('RandomNormalLike', ['x'], { types: [{ dtype: 'float32', shape: [2] }] })[0]!;
  expect(draw()).not.toBe(draw());
  expect(g.node('Relu', ['x'], { outputs: ['named'] })).toEqual(['named']);
  expect(g.op('Relu', ['x'])).not.toBe('named');

  const plain = createGraphBuilder({ name: 'plain' });
  plain.input('x', 'float32', [2]);
  expect(plain.op('Relu', ['x'])).not.toBe(plain.op('Relu', ['x']));
});

test('a value leaves the graph under its new name, without a copy where nothing else needs the old one', () => {
  const g = createGraphBuilder({ name: 'outputs' });
  g.input('x', 'float32', [2]);
  const y = g.op('Relu', ['x']);
  const z = g.op('Neg', [y]);
  g.output(y, 'first');
  g.output(z);
  g.output(z, 'second');
  g.output('x', 'third');
  g.output(y, 'fourth');
  const { graph } = g.build();
  expect(graph.outputs.map((o) => o.name)).toEqual(['first', z, 'second', 'third', 'fourth']);
  expect(graph.nodes.map((n) => [n.op, ...n.inputs, '→', ...n.outputs].join(' '))).toEqual([
    'Relu x → first',
    `Neg first → ${z}`,
    `Identity ${z} → second`,
    'Identity x → third',
    'Identity first → fourth',
  ]);
  expect(() => g.output(z, 'x')).toThrow(/already taken/);
});

test('equal small constants are stored once; 0 and -0 are different', () => {
  const g = createGraphBuilder({ name: 'constants' });
  const zero = g.constant(float32([0, 1]));
  expect(g.constant(float32([0, 1]))).toBe(zero);
  expect(g.constant(float32([-0, 1]))).not.toBe(zero);
  expect(g.constant(float32([0, 1], [1, 2]))).not.toBe(zero);
});
