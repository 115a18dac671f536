import { expect, test } from 'vitest';
import { encodeModel } from '../onnx/encode.ts';
import { createGraphBuilder } from '../onnx/graph-builder.ts';
import type { Tensor } from '../onnx/model.ts';
import { createSession } from './session.ts';

async function opened() {
  const g = createGraphBuilder({ name: 'sum' });
  g.output(g.op('Add', [g.input('left', 'float32', ['batch', 3]), g.input('right', 'float32', [1, 3])]), 'y');
  return createSession(encodeModel(g.build()));
}
const floats = (...shape: number[]): Tensor => ({
  dtype: 'float32',
  shape,
  data: new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(1),
});
const good = { left: floats(2, 3), right: floats(1, 3) };

test('what fits runs, with any size of a symbolic axis', async () => {
  const session = await opened();
  for (const batch of [1, 2, 5]) {
    const { y } = await session.run({ ...good, left: floats(batch, 3) });
    expect(y!.shape).toEqual([batch, 3]);
  }
  await session.release();
});

const long: Tensor = { ...floats(2, 3), data: new Float32Array(5) };
const asIntegers = { ...floats(1, 3), data: Int32Array.of(1, 2, 3) };
test.each<readonly [string, Record<string, Tensor>, RegExp, RegExp]>([
  [
    'a missing input',
    { left: good.left },
    /its input "right" \(float32 \[1, 3\]\) is missing/,
    /Its inputs are: left/,
  ],
  [
    'a misspelt input',
    { left: good.left, rihgt: good.right },
    /its input "right" .* is missing/,
    /"rihgt" is none of its inputs: "right" is probably meant/,
  ],
  ['an input too many', { ...good, more: floats(1) }, /it has no input "more"/, /Leave it out/],
  [
    'another size',
    { ...good, left: floats(2, 4) },
    /its input "left" is float32 \[batch, 3\], and was fed float32 \[2, 4\]/,
    /shape/,
  ],
  ['another rank', { ...good, right: floats(3) }, /was fed float32 \[3\]/, /shape/],
  [
    'another type',
    { ...good, right: { dtype: 'int64', shape: [1, 3], data: new BigInt64Array(3) } },
    /was fed int64 \[1, 3\]/,
    /type/,
  ],
  [
    'fewer elements than the shape says',
    { ...good, left: long },
    /has 5 elements/,
    /6 elements \(Float32Array\)/,
  ],
  [
    'elements of another type',
    { ...good, right: asIntegers },
    /\(Int32Array\)/,
    /3 elements \(Float32Array\)/,
  ],
])('%s is refused with the reason', async (_, feeds, message, hint) => {
  const session = await opened();
  await expect(session.run(feeds)).rejects.toMatchObject({
    name: 'EspalierError',
    code: 'MODEL_INPUT',
    message: expect.stringMatching(message),
    hint: expect.stringMatching(hint),
  });
  await session.release();
});
