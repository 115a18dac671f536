import { expect, test } from 'vitest';
import { latencyNotes } from './latency-notes.ts';

const trial = (number: number, measures: Record<string, number>) => ({ number, measures });

test('latencies in doubt are told of, here and by device', () => {
  expect(latencyNotes([trial(0, { latencyTrusted: 1 }), trial(1, {})], [])).toEqual([]);
  const notes = latencyNotes(
    [
      trial(0, { latencyTrusted: 0, 'latencyTrusted@phone': 1 }),
      trial(1, { latencyTrusted: 1, 'latencyTrusted@phone': 0 }),
      trial(2, { latencyTrusted: 0 }),
    ],
    [{ trial: 2, measures: { latencyTrusted: 0 } }],
  );
  expect(notes).toEqual([
    expect.stringMatching(/^The latencies of trials 0, 2 are not to be trusted/),
    expect.stringMatching(/^The latencies of the trained network of trial 2 /),
    expect.stringMatching(/^The latencies on phone of trial 1 /),
  ]);
});

test('a long list is cut', () => {
  const all = Array.from({ length: 20 }, (_, i) => trial(i, { latencyTrusted: 0 }));
  expect(latencyNotes(all, [])[0]).toContain('10, 11 and 8 more are not');
});
