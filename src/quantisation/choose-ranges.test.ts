/** The choice of ranges against a search that rounds in plain loops between the halves of a cut graph. */
import { expect, test } from 'vitest';
import { classifierHead } from '../network/blocks/classifier-head.ts';
import { convBnAct } from '../network/blocks/conv-bn-act.ts';
import { residualBlock } from '../network/blocks/residual-block.ts';
import { encodeModel } from '../onnx/encode.ts';
import type { OnnxModel, Tensor } from '../onnx/model.ts';
import { createSession } from '../runtime/session.ts';
import { affineOf, quantiseValue, type Range } from './affine.ts';
import { CALIBRATORS } from './calibration/index.ts';
import { type Feeds, observe } from './calibration/observe.ts';
import { chooseRanges } from './choose-ranges.ts';
import { withNodes } from './graph.ts';
import { planQuantisation } from './plan.ts';
import { prepareModel } from './prepare.ts';
import { feedsFor, outputOf, smallModel } from './testing/models.ts';

const model = prepareModel(
  smallModel((b) => {
    const x = convBnAct(b, b.input, { out: 8, kernel: 3, activation: 'relu6' });
    return classifierHead(b, residualBlock(b, x, { out: 8, kernel: 3, stride: 2, activation: 'silu' }), 4);
  }),
);
const format = { dtype: 'uint8', symmetric: false } as const;

/** The noise of the logits when only `value` is rounded. */
async function noiseOf(value: string, range: Range, feeds: Feeds): Promise<number> {
  const { graph } = model;
  const all = { ...model, graph: { ...graph, outputs: [...graph.outputs, ...own(value)] } };
  const session = await createSession(encodeModel(all));
  const results: Readonly<Record<string, Tensor>> = { ...feeds, ...(await session.run(feeds)) };
  await session.release();
  const affine = affineOf(range, format);
  const { shape, data } = results[value]!;
  const rounded = Float32Array.from(
    data as Float32Array,
    (v) => (quantiseValue(v, affine) - affine.zeroPoint) * affine.scale,
  );
  const logits = graph.outputs[0]!.name;
  const { data: actual } = await outputOf(cutAt(value), {
    ...feeds,
    [value]: { dtype: 'float32', shape, data: rounded },
  });
  let [noise, signal] = [0, 0];
  results[logits]!.data.forEach((v, i) => {
    noise += (Number(actual[i]) - Number(v)) ** 2;
    signal += Number(v) ** 2;
  });
  return noise / signal;
}

const own = (value: string): OnnxModel['graph']['outputs'] =>
  model.graph.inputs.some(({ name }) => name === value)
    ? []
    : [{ name: value, dtype: 'float32', shape: [], unranked: true }];

/** With the value as an input instead of a result; other inputs stay. */
function cutAt(value: string): OnnxModel {
  const nodes = model.graph.nodes.filter((node) => !node.outputs.includes(value));
  const cut = withNodes(model, nodes);
  return { ...cut, graph: { ...cut.graph, inputs: [...cut.graph.inputs, ...own(value)] } };
}

test('each value gets the range that changes the outputs least', async () => {
  const batches = [feedsFor(model, 'a'), feedsFor(model, 'b')];
  batches[0]!.input!.data[7] = 25;
  const values = [...planQuantisation(model.graph, new Set()).values].filter(
    (value) => !model.graph.initializers.has(value),
  );
  const observations = await observe(model, values, batches, { threads: 1 });
  const candidates = new Map(
    values.map((value) => [
      value,
      Object.values(CALIBRATORS).map((choose) => choose(observations.get(value)!, format)),
    ]),
  );
  // Chosen by one batch, so that there is one to compare with.
  const feeds = batches[1]!;
  const chosen = await chooseRanges(model, candidates, format, [feeds], { threads: 1 });
  let total = 0;
  let different = 0;
  for (const [value, ranges] of candidates) {
    const noises: number[] = [];
    for (const range of ranges) noises.push(await noiseOf(value, range, feeds));
    const least = Math.min(...noises);
    const found = await noiseOf(value, chosen.get(value)!, feeds);
    total += found;
    // What adds next to nothing may be left as it is.
    expect(found).toBeLessThanOrEqual(least * 1.001 + total / 200);
    if (least < 0.9 * noises[0]!) different++;
  }
  expect(different).toBeGreaterThan(2);
});
