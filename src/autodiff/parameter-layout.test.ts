import { describe, expect, test } from 'vitest';
import { float32, int64 } from '../onnx/graph-builder.ts';
import { entryVector, pack, unpack, vectorLayout } from './parameter-layout.ts';

const layout = vectorLayout([
  { name: 'matrix', shape: [2, 3] },
  { name: 'scalar', shape: [] },
  { name: 'bias', shape: [2] },
]);
const tensors = new Map([
  ['matrix', float32([1, 2, 3, 4, 5, 6], [2, 3])],
  ['scalar', float32(7)],
  ['bias', float32([8, 9])],
]);

describe('flat vectors', () => {
  test('hold the tensors one behind the other, and give them back', () => {
    const flat = pack(layout, tensors);
    expect([...flat]).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(unpack(layout, flat)).toEqual(tensors);
    expect([...entryVector(layout, (entry) => entry.offset)]).toEqual([0, 0, 0, 0, 0, 0, 6, 7, 7]);
  });

  test('take no tensor that is missing, longer than its place or not float32', () => {
    for (const [name, tensor, found] of [
      ['bias', undefined, 'missing'],
      ['scalar', float32([7, 7]), '[2]'],
      ['bias', int64([8, 9]), 'int64'],
    ] as const) {
      const given = new Map<string, ReturnType<typeof float32>>(tensors);
      if (tensor) given.set(name, tensor);
      else given.delete(name);
      expect(() => pack(layout, given)).toThrow(new RegExp(`"${name}".*${found.replace(/[[\]]/g, '\\$&')}`));
    }
    expect(() => unpack(layout, new Float32Array(8))).toThrow('8 elements, the layout 9');
  });
});
