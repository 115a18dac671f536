import { expect, test } from 'vitest';
import type { DoneEvent, FrontMember } from '../search/events.ts';
import { closingLines } from './closing.ts';

const plain = (_: unknown, text: string): string => text;

const DONE: DoneEvent = {
  event: 'done',
  testAccuracy: 0.975,
  valAccuracy: 0.971,
  latencyMs: 0.521,
  latencyTrusted: true,
  params: 75_400,
  macs: 4_200_000,
  trials: { complete: 8, failed: 0, pruned: 2 },
  seconds: 61,
  out: 'runs/digits',
};
const IN_8_BITS = {
  int8File: 'model.int8.onnx',
  int8ValAccuracy: 0.97,
  int8TestAccuracy: 0.9745,
  int8LatencyMs: 0.31,
  int8LatencyTrusted: true,
  int8SizeBytes: 90_000,
  int8SpeedUp: { ratio: 1.68, low: 1.65, high: 1.71 },
};

test('one network, in both precisions and on each device', () => {
  const devices = {
    board: { latencyMs: 2.5, int8LatencyMs: 1.5, source: 'predicted' },
    phone: { latencyMs: 4, int8LatencyMs: 3, source: 'measured' },
  } as const;
  expect(closingLines({ ...DONE, ...IN_8_BITS, devices }, plain)).toEqual([
    '',
    'test accuracy 97.50 %, validation 97.10 %',
    '75.4 k parameters, 4.2 M MACs, 0.521 ms an image',
    'in 8 bits: test accuracy 97.45 %, validation 97.00 %, 87.9 KB',
    '  0.31 ms an image',
    '  1.68 times as fast as float (1.65 to 1.71), run in turns',
    '',
    'latency on                   an image',
    'board             predicted    2.5 ms',
    'board       int8  predicted    1.5 ms',
    'phone             measured       4 ms',
    'phone       int8  measured       3 ms',
    '8 trials complete, 2 pruned, 0 failed, 1 min 01 s',
    '',
    'model   runs/digits/model.onnx',
    '8 bits  runs/digits/model.int8.onnx',
    'report  runs/digits/report.html',
    'try     espalier predict runs/digits/model.int8.onnx IMAGE',
  ]);
});

test('figures of a busy machine say so, and claim no ratio that they do not bear', () => {
  const busy = {
    ...DONE,
    ...IN_8_BITS,
    latencyTrusted: false,
    int8LatencyTrusted: false,
    int8SpeedUp: { ratio: 1.3, low: 0.4, high: 3.1 },
  };
  const lines = closingLines(busy, plain);
  const doubt = '(in doubt: the machine was slow or not steady)';
  expect(lines).toContain(`  0.31 ms an image ${doubt}`);
  expect(lines[2]).toContain(`0.521 ms an image ${doubt}`);
  expect(lines).toContain('  between 0.40 and 3.10 times as fast as float, run in turns');
  expect(lines.join('\n')).not.toContain('1.30');
});

test('a front with devices: within 80 columns, with what is to be known of its networks', () => {
  const member = (trial: number, more: Partial<FrontMember> = {}): FrontMember => ({
    trial,
    file: `models/${trial}.onnx`,
    testAccuracy: 1,
    valAccuracy: 1,
    latencyMs: 0.0521,
    params: 75_400,
    macs: 1e6,
    ...IN_8_BITS,
    int8File: `models/${trial}.int8.onnx`,
    int8SpeedUp: { ratio: 1.3, low: 0.4, high: 3.1 },
    devices: { board: { latencyMs: 2.5, source: 'predicted' } },
    overBounds: [],
    dominated: false,
    ...more,
  });
  const front = [
    member(12),
    member(3, { dominated: true, int8File: null, int8LatencyMs: null, int8SpeedUp: null }),
    member(7, { overBounds: ['latency 3 ms > 2 ms'], latencyTrusted: false }),
  ];
  const lines = closingLines({ ...DONE, ...IN_8_BITS, front }, plain);
  const text = lines.join('\n');
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
  expect(text).toMatch(/^12 int8 +97\.45 % +97\.00 % +0\.31 ms +0\.40–3\.10 +models\/12\.int8\.onnx$/m);
  expect(text).not.toContain('3 int8');
  expect(text).toContain('dominated, another one is at least as good in every objective: trial 3\n');
  expect(text).toContain('over a bound: trial 7, latency 3 ms > 2 ms\n');
  expect(text).toContain('latency in doubt, the machine was slow or not steady: trial 7\n');
  expect(text).toMatch(
    /^latency on +trial 12 +trial 3 +trial 7\nboard +predicted +2\.5 ms +2\.5 ms +2\.5 ms$/m,
  );
});
