/** The benchmark's rows as lines of text, and beside its targets. */
import { tableLines } from '../../src/cli/table.ts';
import type { AccuracyRow, WayName } from './accuracy.ts';
import type { SpeedRow } from './speed.ts';

/** What is aimed at. */
export const TARGETS = {
  /** Percentage points of accuracy lost by post-training quantisation alone, and after fine-tuning. */
  'post-training': 0.3,
  'fine-tuned': 0.1,
  /** Times as fast as float, for networks of so many multiply-accumulates. */
  speedUp: 1.5,
  speedUpFromMacs: 50e6,
} as const;

const percent = (share: number | null): string => (share === null ? '' : (100 * share).toFixed(2));
const millions = (macs: number | null): string => (macs === null ? '' : `${(macs / 1e6).toFixed(0)} M`);

export const accuracyLines = (rows: readonly AccuracyRow[]): string[] =>
  tableLines(
    [
      [
        'data',
        'network',
        'MACs',
        'in 8 bits',
        'test %',
        'lost points',
        '95 %',
        'validation %',
        'times as fast',
      ],
      ...rows.flatMap((row) => [
        [
          row.data,
          row.network,
          millions(row.macs),
          'float',
          percent(row.floatTest),
          '',
          '',
          percent(row.floatVal),
          '',
        ],
        ...row.ways.map(({ way, testAccuracy, lostPoints, lostInterval, valAccuracy, speedUp }) => [
          '',
          '',
          '',
          way,
          percent(testAccuracy),
          lostPoints.toFixed(2),
          lostInterval.map((end) => end.toFixed(2)).join(' to '),
          percent(valAccuracy),
          timesText(speedUp),
        ]),
      ]),
    ],
    'lllllrlrl',
  );

const timesText = ({ speedUp, low, high }: SpeedRow['latency']): string =>
  `${speedUp.toFixed(2)} (${low.toFixed(2)} to ${high.toFixed(2)})`;

export const speedLines = (rows: readonly SpeedRow[]): string[] =>
  tableLines(
    [
      ['random weights', 'image', 'MACs', 'float ms', 'int8 ms', 'times as fast'],
      ...rows.map(({ network, side, macs, latency }) => [
        network,
        `${side}×${side}`,
        millions(macs),
        latency.firstMs.toPrecision(3),
        latency.secondMs.toPrecision(3),
        timesText(latency),
      ]),
    ],
    'llrrrl',
  );

export interface Verdict {
  readonly target: string;
  /** Of how many it was asked, and which of them miss it. */
  readonly of: number;
  readonly missedBy: readonly string[];
}

export function verdicts(rows: readonly AccuracyRow[], speed: readonly SpeedRow[]): Verdict[] {
  const lost = (way: WayName & keyof typeof TARGETS): Verdict => {
    const found = rows.flatMap((row) => {
      const one = row.ways.find((candidate) => candidate.way === way);
      return one === undefined ? [] : [{ name: `${row.network} on ${row.data}`, lost: one.lostPoints }];
    });
    return {
      target: `at most ${TARGETS[way]} points lost, ${way}`,
      of: found.length,
      // Of equal counts of images, differences are exact but for rounding.
      missedBy: found
        .filter((one) => one.lost > TARGETS[way] + 1e-9)
        .map((one) => `${one.name} (${one.lost.toFixed(2)})`),
    };
  };
  const timed = [
    ...rows.map((row) => ({
      name: `${row.network} on ${row.data}`,
      macs: row.macs ?? 0,
      ratio: row.ways.find(({ way }) => way === 'post-training')?.speedUp.speedUp,
    })),
    ...speed.map(({ network, side, macs, latency }) => ({
      name: `${network} at ${side}`,
      macs,
      ratio: latency.speedUp,
    })),
  ].filter(({ macs, ratio }) => macs >= TARGETS.speedUpFromMacs && ratio !== undefined);
  return [
    lost('post-training'),
    lost('fine-tuned'),
    {
      target: `${TARGETS.speedUp} times as fast from ${TARGETS.speedUpFromMacs / 1e6} M MACs on`,
      of: timed.length,
      missedBy: timed
        .filter(({ ratio }) => ratio! < TARGETS.speedUp)
        .map(({ name, ratio }) => `${name} (${ratio!.toFixed(2)})`),
    },
  ].filter(({ of }) => of > 0);
}

export const verdictLines = (found: readonly Verdict[]): string[] =>
  found.map(
    ({ target, of, missedBy }) =>
      `${target}: ${of - missedBy.length} of ${of}${missedBy.length === 0 ? '' : `; not ${missedBy.join(', ')}`}`,
  );
