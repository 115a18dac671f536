import { describe, expect, it } from 'vitest';
import { classifierHead } from './blocks/classifier-head.ts';
import { invertedResidual } from './blocks/inverted-residual.ts';
import { repVgg } from './blocks/rep-vgg.ts';
import { residualBlock } from './blocks/residual-block.ts';
import { networkBuilder } from './builder.ts';
import { networkShapes } from './rules/shape.ts';

describe('shapes', () => {
  const b = networkBuilder([3, 15, 20]);
  it.each([
    ['same padding', b.conv(b.input, { out: 8, kernel: 5 }), [8, 15, 20]],
    ['same padding of an even kernel', b.conv(b.input, { out: 8, kernel: 4 }), [8, 15, 20]],
    ['stride', b.conv(b.input, { out: 8, kernel: 3, stride: [2, 1] }), [8, 8, 20]],
    ['dilation', b.conv(b.input, { out: 8, kernel: [3, 1], dilation: [4, 1] }), [8, 15, 20]],
    ['no padding', b.conv(b.input, { out: 8, kernel: 3, padding: [0, 0, 0, 0] }), [8, 13, 18]],
    ['pooling by its kernel', b.maxPool(b.input, { kernel: 2 }), [3, 7, 10]],
    ['zero', b.zero(b.input, { stride: 2 }), [3, 8, 10]],
    ['resize', b.resize(b.input, { size: [7, 31] }), [3, 7, 31]],
    ['concat', b.concat([b.input, b.input]), [6, 15, 20]],
    ['flatten', b.flatten(b.input), [900]],
    ['gate', b.multiply(b.globalAveragePool(b.input), b.input), [3, 15, 20]],
  ])('%s', (_, id, shape) => expect(b.shape(id)).toEqual(shape));
});

describe('ids', () => {
  it('follow the scopes and stay unique', () => {
    const b = networkBuilder([3, 8, 8]);
    const ids = b.scope('stage1', () => {
      const first = b.conv(b.input, { out: 4, kernel: 1 });
      const second = b.conv(first, { out: 4, kernel: 1 });
      return [
        first,
        second,
        b.scope('inner', () => b.activation(second, 'relu')),
        b.batchNorm(second, { id: 'mine' }),
      ];
    });
    expect(ids).toEqual(['stage1.conv', 'stage1.conv2', 'stage1.inner.relu', 'stage1.mine']);
  });

  it('leave a scope when its body throws', () => {
    const b = networkBuilder([3, 8, 8]);
    expect(() =>
      b.scope('broken', () => {
        throw new Error('body');
      }),
    ).toThrow('body');
    expect(b.flatten(b.input)).toBe('flatten');
  });
});

describe('mistakes name the layer and the shapes', () => {
  const b = networkBuilder([3, 8, 8]);
  const small = b.maxPool(b.input, { kernel: 4 });
  it.each([
    [
      'activation',
      () => b.activation(small, 'swish' as never),
      /"swish" \(activation\).*there is no activation "swish"; there are relu, .*silu/,
    ],
    [
      'window',
      () => b.conv(small, { out: 4, kernel: 3, padding: [0, 0, 0, 0], id: 'big' }),
      /"big".*3×3.*2×2.*\[3, 2, 2\]/,
    ],
    [
      'groups',
      () => b.conv(b.input, { out: 4, kernel: 1, groups: 2, id: 'grouped' }),
      /"grouped".*3 input channels/,
    ],
    ['fraction', () => b.conv(b.input, { out: 4.5, kernel: 1, id: 'half' }), /"half".*4\.5/],
    ['stride', () => b.maxPool(b.input, { kernel: 2, stride: 0, id: 'still' }), /"still".*stride is 0/],
    ['linear', () => b.linear(b.input, { out: 2, id: 'fc' }), /"fc".*flatten.*\[3, 8, 8\]/],
    ['add', () => b.add([b.input, small], { id: 'sum' }), /"sum".*\[3, 8, 8\] and \[3, 2, 2\]/],
    ['concat', () => b.concat([b.input, small], { id: 'cat' }), /"cat".*\[3, 8, 8\] and \[3, 2, 2\]/],
    [
      'slice',
      () => b.slice(b.input, { start: [0, 2, 0], size: [3, 7, 8], id: 'cut' }),
      /"cut".*3×7×8 at 0, 2, 0/,
    ],
    ['slice of another rank', () => b.slice(b.input, { size: [3], id: 'cut' }), /"cut".*\[3, 8, 8\]/],
    ['multiply', () => b.multiply(b.input, small, { id: 'gate' }), /"gate".*broadcast/],
    [
      'padding',
      () => b.maxPool(b.input, { kernel: 2, padding: [0, -1, 0, 0], id: 'cut' }),
      /"cut".*padding is -1/,
    ],
    ['stride of zero', () => b.zero(b.input, { stride: 0, id: 'none' }), /"none".*stride is 0/],
    ['size to resize to', () => b.resize(b.input, { size: [4, 2.5], id: 'up' }), /"up".*size is 2\.5/],
    ['dropout of all', () => b.dropout(b.input, 1, { id: 'drop' }), /"drop".*rate is 1/],
    ['depth below none', () => b.stochasticDepth(b.input, -0.1, { id: 'skip' }), /"skip".*rate is -0\.1/],
    ['unknown input', () => b.flatten('nowhere'), /"nowhere"/],
    ['unknown output', () => b.build(['nowhere']), /"nowhere"/],
  ])('%s', (_, act, message) => {
    expect(act).toThrow(message);
    expect(act).toThrow(expect.objectContaining({ code: 'SHAPE' }));
  });

  it('also in a network that was read from a file', () => {
    const good = b.build([small]);
    const [node] = good.nodes;
    expect(() => networkShapes({ ...good, outputs: ['gone'] })).toThrow(/"gone"/);
    expect(() => networkShapes({ ...good, nodes: [node!, node!] })).toThrow(/the same id/);
    expect(() => networkShapes({ ...good, nodes: [{ ...node!, inputs: ['gone'] }] })).toThrow(
      /"gone" does not exist/,
    );
  });
});

describe('blocks', () => {
  it('keep shortcuts only where the shape stays', () => {
    const b = networkBuilder([8, 16, 16]);
    const adds = () => b.build([]).nodes.filter((n) => n.operator.kind === 'add').length;
    const options = { kernel: 3, expansion: 3, squeezeExcite: 0.25, activation: 'relu' } as const;
    invertedResidual(b, b.input, { ...options, out: 8, stride: 1 });
    expect(adds()).toBe(1);
    invertedResidual(b, b.input, { ...options, out: 8, stride: 2 });
    invertedResidual(b, b.input, { ...options, out: 16, stride: 1 });
    expect(adds()).toBe(1);
    const inputsOfSum = (id: string) => {
      const nodes = b.build([]).nodes;
      const sum = nodes.find((n) => n.id === nodes.find((a) => a.id === id)!.inputs[0]);
      return sum!.inputs.length;
    };
    expect(inputsOfSum(repVgg(b, b.input, { out: 8, stride: 1, activation: 'relu' }))).toBe(3);
    expect(inputsOfSum(repVgg(b, b.input, { out: 8, stride: 2, activation: 'relu' }))).toBe(2);
    const block = residualBlock(b, b.input, { out: 12, kernel: 3, stride: 2, activation: 'relu' });
    expect(b.shape(block)).toEqual([12, 8, 8]);
    expect(b.shape(classifierHead(b, block, 5, { dropout: 0.1 }))).toEqual([5]);
  });
});
