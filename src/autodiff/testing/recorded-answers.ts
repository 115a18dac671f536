/**
 * What PyTorch answered to the cases of operators and losses, as a few figures for each array: machines without PyTorch check against
 * these. The file is written by `npx tsx scripts/record-torch.ts`, where PyTorch is at hand.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { createRandom } from '../../random.ts';
import type { TorchAnswer } from './torch.ts';

/** Its length, and its products with some fixed directions: an array that differs has other ones. */
export interface Trace {
  readonly norm: number;
  readonly projections: readonly number[];
}

export interface RecordedAnswer {
  /** Of the case; several may have one name. */
  readonly name: string;
  readonly shape: readonly number[];
  readonly output: Trace;
  /** Of each input. */
  readonly gradients: readonly Trace[];
}

const DIRECTIONS = 3;
const FILES = {
  operators: new URL('./recorded-answers.json', import.meta.url),
  losses: new URL('./recorded-losses.json', import.meta.url),
} as const;

export function traceOf(values: ArrayLike<number>): Trace {
  const projections: number[] = [];
  for (let d = 0; d < DIRECTIONS; d++) {
    const random = createRandom('directions').split(d);
    let sum = 0;
    for (let i = 0; i < values.length; i++) sum += values[i]! * (2 * random.next() - 1);
    projections.push(Number(sum.toPrecision(7)));
  }
  let squares = 0;
  for (let i = 0; i < values.length; i++) squares += values[i]! ** 2;
  return { norm: Number(Math.sqrt(squares).toPrecision(7)), projections };
}

/** Largest difference of two traces, relative to the norm: errors of the elements add up at random in projections. */
export function traceDifference(actual: Trace, expected: Trace): number {
  const scale = Math.max(expected.norm, 1e-3);
  const differences = [
    actual.norm - expected.norm,
    ...actual.projections.map((p, i) => p - expected.projections[i]!),
  ];
  return differences.reduce(
    (worst, d) => (Number.isNaN(d) ? Number.POSITIVE_INFINITY : Math.max(worst, Math.abs(d) / scale)),
    0,
  );
}

export const recordOf = (name: string, { output, gradients }: TorchAnswer): RecordedAnswer => ({
  name,
  shape: output.shape,
  output: traceOf(output.data),
  gradients: gradients.map((gradient) => traceOf(gradient ?? [])),
});

/** In the order of the cases. */
export const readRecordedAnswers = (of: keyof typeof FILES = 'operators'): readonly RecordedAnswer[] =>
  JSON.parse(readFileSync(FILES[of], 'utf8'));

/** One case a line, so that a change shows which. */
export function writeRecordedAnswers(of: keyof typeof FILES, answers: readonly RecordedAnswer[]): void {
  writeFileSync(FILES[of], `[\n${answers.map((a) => JSON.stringify(a)).join(',\n')}\n]\n`);
}
