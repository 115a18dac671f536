/** Every gradient rule against PyTorch and against finite differences, with every lowering that runs here. */
import { afterAll, describe, expect, test } from 'vitest';
import { createRandom } from '../random.ts';
import { loweringTarget } from '../runtime/lowering-target.ts';
import { TRAINING_FORMS } from './forward.ts';
import { PLAIN } from './lowering/target.ts';
import { GRADIENT_RULES } from './rules/index.ts';
import { CASES, FIXED_CASES, OTHER_SEED } from './testing/cases.ts';
import { operatorOf, readDocumentation, withCoverage } from './testing/coverage.ts';
import { compileCase } from './testing/operator-case.ts';
import { readRecordedAnswers, traceDifference, traceOf } from './testing/recorded-answers.ts';
import { startTorch, TORCH_PYTHON, type TorchAnswer } from './testing/torch.ts';

const here = await loweringTarget();
const RECORDED = readRecordedAnswers();
const TARGETS = [PLAIN, ...(here.kind === 'plain' ? [] : [here])];

/** Largest difference relative to the largest value. */
function difference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let worst = 0;
  let scale = 1e-3;
  for (let i = 0; i < expected.length; i++) {
    worst = Math.max(worst, Math.abs(actual[i]! - expected[i]!));
    scale = Math.max(scale, Math.abs(expected[i]!));
  }
  return Number.isNaN(worst) ? Number.POSITIVE_INFINITY : worst / scale;
}

test('every rule has cases, drawn ones too', () => {
  const fixed = new Set(FIXED_CASES.map(operatorOf));
  const drawn = new Set(CASES.slice(FIXED_CASES.length).map(operatorOf));
  const named: Readonly<Record<string, string>> = { BatchNormTraining: 'BatchNormalization' };
  const missing = Object.keys(GRADIENT_RULES)
    .map((op) => named[op] ?? op)
    .filter((op) => !fixed.has(op) || !drawn.has(op));
  expect(missing).toEqual([]);
});

test.skipIf(OTHER_SEED !== undefined)(
  'the documentation says how many cases there are (npx tsx scripts/document-operators.ts)',
  () => {
    const text = readDocumentation();
    expect(text.split('\n')).toEqual(withCoverage(text).split('\n'));
  },
);

test('every operator with a rule or a training form stands in the documentation, and no other', () => {
  const text = readDocumentation();
  const listed = [...text.matchAll(/^\| (\w+) \|/gm)].map((match) => match[1]!);
  const handled = [...Object.keys(GRADIENT_RULES), ...Object.keys(TRAINING_FORMS)];
  const names = (list: readonly string[]) => [...new Set(list)].filter((op) => op !== 'operator').sort();
  expect(names(listed)).toEqual(names(handled));
});

test.skipIf(OTHER_SEED !== undefined)(
  'the answers of PyTorch to all cases are recorded, and to no other (npx tsx scripts/record-torch.ts)',
  () => {
    expect(RECORDED.map((r) => r.name)).toEqual(CASES.map((c) => c.name));
  },
);

/** Where no Python can import torch, what it answered when it was asked says as much: a few figures of each array. */
const source = TORCH_PYTHON === null ? 'as it answered when it was asked' : 'asked now, and as recorded';
describe.skipIf(TORCH_PYTHON === null && OTHER_SEED !== undefined)(`agrees with PyTorch, ${source}`, () => {
  const torch = TORCH_PYTHON === null ? null : startTorch(TORCH_PYTHON);
  afterAll(() => torch?.close());

  test.each(CASES.map((c, i) => [c.name, c, i] as const))('%s', async (_, operator, index) => {
    const recorded = OTHER_SEED === undefined ? RECORDED[index] : undefined;
    let theirs: TorchAnswer | null = null;
    for (const target of TARGETS) {
      const compiled = await compileCase(operator, createRandom(operator.name), target);
      const ours = await compiled.run();
      await compiled.release();
      if (torch !== null) {
        theirs ??= await torch.ask({
          expression: operator.torch,
          inputs: operator.shapes.map((shape, i) => ({ shape, data: [...ours.inputs[i]!] })),
          cotangent: [...ours.cotangent],
        });
        expect(theirs.output.shape, 'shape').toEqual(ours.outputShape);
        expect(difference(ours.output, theirs.output.data), `output, ${target.kind}`).toBeLessThan(2e-5);
        for (const [i, gradient] of ours.gradients.entries()) {
          const gap = difference(gradient, theirs.gradients[i]!);
          expect(gap, `gradient of x${i}, ${target.kind}`).toBeLessThan(1e-4);
        }
      }
      if (recorded === undefined) continue;
      expect(ours.outputShape).toEqual(recorded.shape);
      expect(traceDifference(traceOf(ours.output), recorded.output), 'recorded output').toBeLessThan(2e-5);
      for (const [i, gradient] of ours.gradients.entries()) {
        const gap = traceDifference(traceOf(gradient), recorded.gradients[i]!);
        expect(gap, `recorded gradient of x${i}`).toBeLessThan(1e-4);
      }
    }
  });
});

describe('agrees with finite differences', () => {
  const smooth = FIXED_CASES.filter((c) => !c.straightThrough);
  test.each(smooth.map((c) => [c.name, c] as const))('%s', async (_, operator) => {
    const stream = createRandom(operator.name);
    for (const target of TARGETS) {
      const compiled = await compileCase(operator, stream.split('case'), target);
      const at = await compiled.run();
      // The slope along a direction: one number that every element of every gradient has a part in.
      const direction = at.inputs.map((x) => Float32Array.from(x, () => stream.normal()));
      const step = 2e-3;
      const shifted = async (sign: number): Promise<number> =>
        (await compiled.run(at.inputs.map((x, i) => x.map((v, j) => v + sign * step * direction[i]![j]!))))
          .loss;
      const slope = ((await shifted(1)) - (await shifted(-1))) / (2 * step);
      await compiled.release();
      const expected = at.gradients.reduce(
        (sum, g, i) => g.reduce((s, v, j) => s + v * direction[i]![j]!, sum),
        0,
      );
      const scale = Math.sqrt(at.gradients.reduce((sum, g) => g.reduce((s, v) => s + v * v, sum), 0));
      expect(Math.abs(slope - expected) / Math.max(scale, 1e-3), target.kind).toBeLessThan(0.03);
    }
  });
});
