/** Every loss against PyTorch, asked now and as it answered when it was asked, and against finite differences. */
import { afterAll, describe, expect, test } from 'vitest';
import { createRandom } from '../../random.ts';
import { loweringTarget } from '../../runtime/lowering-target.ts';
import { PLAIN } from '../lowering/target.ts';
import { compileLoss } from '../testing/loss-case.ts';
import { FIXED_LOSS_CASES, indices, LOSS_CASES, normal } from '../testing/loss-cases.ts';
import { readRecordedAnswers, traceDifference, traceOf } from '../testing/recorded-answers.ts';
import { startTorch, TORCH_PYTHON } from '../testing/torch.ts';
import { LOSSES } from './index.ts';

const best = await loweringTarget();
const TARGETS = best.kind === 'plain' ? [PLAIN] : [PLAIN, best];
const RECORDED = readRecordedAnswers('losses');

test('every loss has a case', () => {
  const covered = new Set(LOSS_CASES.map((c) => c.name.split(/[ ,]/)[0]));
  expect(Object.keys(LOSSES).filter((name) => !covered.has(name))).toEqual([]);
});

test('the answers of PyTorch to all cases are recorded, and to no other (npx tsx scripts/record-torch.ts)', () => {
  expect(RECORDED.map((r) => r.name)).toEqual(LOSS_CASES.map((c) => c.name));
});

describe('agrees with PyTorch, as recorded, and asked now where a Python can import torch', () => {
  const torch = TORCH_PYTHON === null ? null : startTorch(TORCH_PYTHON);
  afterAll(() => torch?.close());

  test.each(LOSS_CASES.map((c, i) => [c.name, c, i] as const))('%s', async (_, lossCase, index) => {
    const recorded = RECORDED[index]!;
    for (const target of TARGETS) {
      const compiled = await compileLoss(lossCase, createRandom(lossCase.name), target);
      const ours = await compiled.run();
      await compiled.release();
      expect(traceDifference(traceOf([ours.loss]), recorded.output), 'recorded loss').toBeLessThan(2e-5);
      for (const [i, gradient] of ours.gradients.entries()) {
        const gap = traceDifference(traceOf(gradient), recorded.gradients[i]!);
        expect(gap, `recorded gradient of x${i}, ${target.kind}`).toBeLessThan(5e-5);
      }
      const theirs = await torch?.ask(compiled.question);
      if (!theirs) continue;
      expect(ours.loss).toBeCloseTo(theirs.output.data[0]!, 4);
      ours.gradients.forEach((gradient, i) => {
        const expected = theirs.gradients[i]!;
        const scale = Math.max(...expected.map(Math.abs));
        expect(scale).toBeGreaterThan(0);
        const worst = gradient.reduce((most, v, j) => Math.max(most, Math.abs(v - expected[j]!) / scale), 0);
        expect(worst, `x${i}, ${target.kind}`).toBeLessThan(2e-5);
      });
    }
  });
});

describe('agrees with finite differences', () => {
  test.each(FIXED_LOSS_CASES.map((c) => [c.name, c] as const))('%s', async (_, lossCase) => {
    const random = createRandom(`${lossCase.name} slope`);
    const compiled = await compileLoss(lossCase, random);
    const at = await compiled.run();
    const outputs = compiled.outputs.map((t) => t.data as Float32Array);
    const direction = outputs.map((x) => Float32Array.from(x, () => random.normal()));
    // Where nearly all is saturated a direction through the noise says nothing: weigh it by the gradient.
    direction.forEach((d, i) => {
      const scale = Math.max(...at.gradients[i]!.map(Math.abs));
      d.forEach((v, j) => {
        d[j] = v + (3 * at.gradients[i]![j]!) / scale;
      });
    });
    const step = 1e-3;
    const shifted = async (sign: number): Promise<number> =>
      (await compiled.run(outputs.map((x, i) => x.map((v, j) => v + sign * step * direction[i]![j]!)))).loss;
    const slope = ((await shifted(1)) - (await shifted(-1))) / (2 * step);
    await compiled.release();
    const expected = at.gradients.reduce(
      (sum, g, i) => g.reduce((s, v, j) => s + v * direction[i]![j]!, sum),
      0,
    );
    const norm = Math.sqrt(at.gradients.reduce((sum, g) => g.reduce((s, v) => s + v * v, sum), 0));
    // A kink crossed on the way (the edges of boxes, the ends of Huber's parabola) moves the slope a little.
    expect(Math.abs(slope - expected) / (norm * Math.sqrt(12))).toBeLessThan(0.05);
  });
});

test('cross-entropy of a batch that is wholly ignored is zero, and so is its gradient', async () => {
  const compiled = await compileLoss(
    {
      name: 'ignored',
      loss: LOSSES.crossEntropy({ labels: 'indices', ignoreIndex: 1 }),
      outputs: [normal(3, 4)],
      inputs: { labels: indices([1], 3) },
      torch: '',
    },
    createRandom('ignored'),
  );
  const { loss, gradients } = await compiled.run();
  await compiled.release();
  expect(Math.abs(loss)).toBe(0);
  expect(gradients[0]!.every((v) => Math.abs(v) === 0)).toBe(true);
});
