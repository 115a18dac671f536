import { expect, test } from 'vitest';
import { networkCost } from '../../network/cost.ts';
import { createRandom } from '../../random.ts';
import { PRESETS } from '../../space/presets/index.ts';
import { fromArchString, nasBench201 } from '../../space/presets/nasbench201.ts';
import { sampleNetwork } from '../../space/sample-network.ts';
import { boxesOf } from './boxes.ts';
import { stagesOf } from './stages.ts';

const IO = { inputShape: [3, 32, 32] as const, outputs: 10 };

test.each(Object.values(PRESETS))('boxes of $name hold all layers: their costs add up', (space) => {
  const random = createRandom('boxes');
  for (let i = 0; i < 10; i++) {
    const { network } = sampleNetwork(space, random, IO, 'decisions');
    const boxes = boxesOf(network);
    const cost = networkCost(network);
    expect(boxes.reduce((sum, box) => sum + box.macs, 0)).toBe(cost.macs);
    expect(boxes.reduce((sum, box) => sum + box.params, 0)).toBe(cost.params);
    expect(boxes.length).toBeLessThan(network.nodes.length);
    // Every input is a box or an input of the network.
    const known = new Set([...network.inputs.map(({ id }) => id), ...boxes.map(({ id }) => id)]);
    for (const box of boxes) for (const id of box.inputs) expect(known).toContain(id);
    const stages = stagesOf(boxes);
    expect(stages.reduce((sum, stage) => sum + stage.repeats * stage.boxes.length, 0)).toBe(boxes.length);
  }
});

test('equal cells are drawn once', () => {
  const space = nasBench201();
  const genome = fromArchString(
    '|nor_conv_3x3~0|+|nor_conv_3x3~0|avg_pool_3x3~1|+|skip_connect~0|nor_conv_3x3~1|skip_connect~2|',
  );
  const stages = stagesOf(boxesOf(space.build(genome, IO)));
  expect(stages.length).toBeLessThan(12);
  expect(Math.max(...stages.map((stage) => stage.repeats))).toBeGreaterThanOrEqual(4);
});
