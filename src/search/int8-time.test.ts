/** What is kept for 8 bits, and how a quantisation under the clock ends; the clock is a number here. */
import { describe, expect, test } from 'vitest';
import { type Int8Work, int8Work, keptForInt8, startInt8Clock } from './int8-time.ts';

const counts = { train: 10_000, val: 1_000, test: 2_000 };

test('the work follows the speed of the training, and counts every image', () => {
  // A pass over 10,000 images in 50 s: 5 ms an image in training, 2 ms in inference.
  const work = int8Work(counts, 50, true);
  expect(work.plain).toBeCloseTo(0.002 * (7 * 512 + 2 * 1_000));
  expect(work.tuning).toBeCloseTo(2 * (1.5 * 50 + 2));
  expect(work.mixed).toBeCloseTo(8 * 2);
  expect(work.test).toBeCloseTo(4);
  expect(int8Work(counts, 50, false).mixed).toBe(0);
});

const work: Int8Work = { plain: 10, tuning: 60, mixed: 20, test: 4, timing: 7 };

test('plain quantisation is always kept room for; what goes beyond it where it is a small part', () => {
  expect(keptForInt8(work, 1000)).toBe(7 + 10 + 4 + 60 + 20);
  expect(keptForInt8(work, 500)).toBe(7 + 10 + 4 + 20);
  expect(keptForInt8(work, 100)).toBe(7 + 10 + 4);
  // Half is left for the training, however short the time.
  expect(keptForInt8(work, 30)).toBe(15);
});

describe('the clock', () => {
  /** A clock that says how long is left at each moment. */
  function at(left: number) {
    const time = { left };
    return { time, clock: startInt8Clock(work, () => time.left) };
  }

  test('without a limit there is time for everything', () => {
    const { clock } = at(Number.POSITIVE_INFINITY);
    expect(clock.timeToTune()).toBe(true);
    expect(clock.over()).toBe(false);
    expect(clock.timingSeconds()).toBe(3);
  });

  test('fine-tuning must leave time for test, timing and files, and may be as much slower as the rest was', () => {
    const { time, clock } = at(100);
    // As fast as estimated: 60 + 4 + 7 + 3 seconds.
    time.left = 90;
    expect(clock.timeToTune()).toBe(true);
    time.left = 74;
    expect(clock.timeToTune()).toBe(false);
    // 20 seconds instead of 10: fine-tuning is taken to need 120.
    const slow = at(140);
    slow.time.left = 120;
    expect(slow.clock.timeToTune()).toBe(false);
  });

  test('it is over while there is still time for test, timing and files', () => {
    const { time, clock } = at(100);
    time.left = 14;
    expect(clock.over()).toBe(false);
    time.left = 13.9;
    expect(clock.over()).toBe(true);
  });

  test('plain quantisation gets some seconds even when it is late', () => {
    const { time, clock } = at(2);
    expect(clock.over()).toBe(false);
    time.left = -2.9;
    expect(clock.over()).toBe(false);
    time.left = -3.1;
    expect(clock.over()).toBe(true);
    expect(clock.timingSeconds()).toBe(0.5);
  });

  test('what plan and training keep is enough for the clock', () => {
    for (const epochSeconds of [0.1, 1, 20])
      for (const seconds of [60, 600, 6000]) {
        const own = int8Work(counts, epochSeconds, false);
        const kept = keptForInt8(own, seconds);
        if (kept === 0.5 * seconds) continue;
        // 4 seconds and 3 % are kept for test, export and report beside.
        const { time, clock } = (() => {
          const now = { left: kept + 4 };
          return { time: now, clock: startInt8Clock(own, () => now.left) };
        })();
        time.left -= own.plain;
        expect(clock.over()).toBe(false);
        const tuned = kept >= own.plain + own.test + own.timing + own.tuning;
        expect(clock.timeToTune()).toBe(tuned);
        if (tuned) time.left -= own.tuning;
        expect(clock.over()).toBe(false);
      }
  });
});
