import { expect, test } from 'vitest';
import { deviceTable } from './device-table.ts';

test('a row for each device and precision, with where the figures come from', () => {
  const lines = deviceTable([
    {
      label: 'trial 3',
      devices: {
        phone: { latencyMs: 1.5, int8LatencyMs: 0.75, source: 'measured', trusted: false },
        board: { latencyMs: 12, source: 'predicted' },
      },
    },
    { label: 'trial 12', devices: { board: { latencyMs: 9.5, source: 'predicted' } } },
  ]);
  expect(lines).toEqual([
    '',
    'latency on                    trial 3  trial 12',
    'phone             measured    1.5 ms?         –',
    'phone       int8  measured   0.75 ms?         –',
    'board             predicted     12 ms    9.5 ms',
    '?: in doubt, the device was slow or not steady',
  ]);
});

test('many networks on many devices stay within 80 columns, and none is left out', () => {
  const devices = Object.fromEntries(
    Array.from({ length: 12 }, (_, i) => [
      `device-${'x'.repeat(i)}-${i}`,
      { latencyMs: 0.1234 + i, int8LatencyMs: 0.5, source: 'measured' as const },
    ]),
  );
  const lines = deviceTable(Array.from({ length: 9 }, (_, i) => ({ label: `trial ${i}`, devices })));
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
  for (let i = 0; i < 9; i++)
    expect(lines.join('\n').match(new RegExp(`trial ${i}\\b`, 'g'))).toHaveLength(1);
  for (const name of Object.keys(devices)) expect(lines.join('\n')).toContain(`${name} `);
});

test('nothing without devices', () => expect(deviceTable([{ label: 'trial 1' }])).toEqual([]));
