import { expect, test } from 'vitest';
import type { SearchEvent } from '../../search/events.ts';
import type { Trial } from '../../study/trial.ts';
import { plainLines } from './plain.ts';
import { renderProgress } from './render.ts';
import { advance, initialProgress } from './state.ts';
import { secondsLeft } from './time-left.ts';

const trial = (number: number, valAccuracy: number | null, reason: string | null = null): Trial => ({
  number,
  state: reason === null ? 'complete' : 'failed',
  genome: { width: 16 * (number + 1), kernel: 3 },
  hash: String(number),
  fidelity: 0,
  measures: {
    params: 1000 * (number + 1),
    macs: 2e6,
    latencyMs: 0.5,
    ...(valAccuracy !== null && { valAccuracy }),
  },
  curve: [],
  reason,
  startedAt: 0,
  endedAt: 1,
});

const first = trial(0, 0.8);
const second = trial(1, null, 'the loss became NaN');
const third = trial(2, 0.9);
const EVENTS: readonly SearchEvent[] = [
  { event: 'data-loading', done: 50, total: 100 },
  {
    event: 'plan',
    lines: ['four trials'],
    trials: 4,
    deadline: 100_000,
    workers: 2,
    finals: 1,
    finalWork: 3,
  },
  { event: 'trial-started', trial: first },
  { event: 'trial-started', trial: second },
  { event: 'trial-progress', trial: 1, progress: 0.25 },
  { event: 'trial-finished', trial: first, best: first, front: [first] },
  { event: 'trial-finished', trial: second, best: first, front: [first] },
  { event: 'trial-started', trial: third },
  { event: 'trial-progress', trial: 2, progress: 0.5 },
];
const state = EVENTS.reduce(advance, initialProgress);
const plain = (_: string, text: string): string => text;

test('the state follows the events', () => {
  expect(state.running).toEqual([{ trial: third, progress: 0.5 }]);
  expect(state.finished).toEqual([first, second]);
  expect(state.best).toBe(first);
  expect(state.phase).toBe('search');
});

test('the live view shows trials, best, bars and the time left, within the terminal', () => {
  const view = renderProgress(state, 40_000, 100, plain);
  expect(view).toContain('the loss became NaN');
  expect(view).toContain('best    trial 0: 80.00 %, 1 k params, 2 M MACs, 0.5 ms');
  expect(view).toContain('████████░░░░░░░░    2');
  expect(view).toContain('2 of 4 trials, 1 min 00 s left');
  for (const line of view.split('\n')) expect([...line].length).toBeLessThanOrEqual(100);
});

test('the front is shown once it has two points', () => {
  const finished = advance(state, {
    event: 'trial-finished',
    trial: third,
    best: third,
    front: [first, third],
  });
  expect(renderProgress(finished, 0, 120, plain)).toContain('front   80.00 % @ 0.5 ms  90.00 % @ 0.5 ms');
});

test('after a resumption the trials of earlier sessions are counted', () => {
  const resumed = [
    EVENTS[1]!,
    { event: 'resumed', trials: [first, second], best: first, front: [first] } as const,
    { event: 'trial-started', trial: third } as const,
    { event: 'trial-finished', trial: third, best: third, front: [first, third] } as const,
  ].reduce(advance, initialProgress);
  expect(resumed.finished).toEqual([first, second, third]);
  expect(renderProgress(resumed, 0, 120, plain)).toContain('3 of 4 trials');
});

test('the final training is shown with the last accuracy that is known', () => {
  const progress = (share: number, valAccuracy: number | null): SearchEvent => ({
    event: 'final-progress',
    trial: 2,
    progress: share,
    valAccuracy,
  });
  const final = [
    { event: 'final-started', trial: 2, epochs: 10 } as const,
    progress(0.4, 0.7),
    progress(0.6, null),
  ].reduce(advance, state);
  expect(final.final).toMatchObject({ progress: 0.6, valAccuracy: 0.7 });
  expect(renderProgress(final, 0, 100, plain)).toContain('final training of trial 2, 10 epochs, 70.00 %');
});

test('plain lines tell each tenth of a long work once, and every trial', () => {
  const lines = plainLines(
    () => [],
    () => 40_000,
  );
  const told: string[] = [];
  for (let done = 0; done <= 1000; done++) told.push(...lines({ event: 'data-loading', done, total: 1000 }));
  expect(told).toHaveLength(11);
  expect(lines({ event: 'trial-progress', trial: 0, progress: 0.5 })).toEqual([]);
  lines(EVENTS[1]!);
  const [head, line] = lines({ event: 'trial-finished', trial: first, best: first, front: [first] });
  expect(head).toMatch(/^trial {2}state +val acc +params +MACs +latency {2}genome$/);
  expect(line).toMatch(
    /^ {4}0 {2}complete +80\.00 % +1 k +2 M +0\.5 ms {2}width=16 kernel=3 {2}\[1 of 4, best 80\.00 % \(trial 0\), front 1, 1 min 00 s left\]$/,
  );
});

test('what the next trial waits for is shown until it starts', () => {
  const what = 'features of all networks of the space';
  const waiting = advance(state, { event: 'preparing', what, progress: 0.5 });
  expect(renderProgress(waiting, 0, 100, plain)).toContain(`████████████░░░░░░░░░░░░  ${what}`);
  const started = advance(waiting, { event: 'trial-started', trial: trial(3, null) });
  expect(renderProgress(started, 0, 100, plain)).not.toContain(what);
  const lines = plainLines(() => []);
  const told = [0, 0.01, 0.25, 0.29].flatMap((progress) => lines({ event: 'preparing', what, progress }));
  expect(told).toEqual([`${what}: 0 %`, `${what}: 25 %`]);
});

test('a trial that was over a bound before its training counts nowhere', () => {
  const over: Trial = { ...trial(5, null, 'latency 3 ms is over the bound of 1 ms'), state: 'pruned' };
  const lines = plainLines(
    () => [],
    () => 40_000,
  );
  lines(EVENTS[1]!);
  const ended = { event: 'trial-finished', trial: over, best: null, front: [] } as const;
  expect(lines(ended)).toEqual([
    expect.stringMatching(/^trial /),
    expect.stringMatching(/\[0 of 4, 1 min 00 s left\]$/),
  ]);
  expect(lines(ended)).toHaveLength(1);
  const plan = { ...EVENTS[1]!, deadline: null } as SearchEvent;
  expect(secondsLeft([plan, ended].reduce(advance, initialProgress), 0)).toBeNull();
});

test('without a deadline the time left follows from the trials so far and the final training', () => {
  const timed = (number: number, startedAt: number, endedAt: number): Trial => ({
    ...trial(number, 0.5),
    startedAt,
    endedAt,
  });
  const plan: SearchEvent = {
    event: 'plan',
    lines: [],
    trials: 6,
    deadline: null,
    workers: 2,
    finals: 2,
    finalWork: 3,
  };
  const after = (...events: readonly SearchEvent[]) => [plan, ...events].reduce(advance, initialProgress);
  expect(secondsLeft(after(), 0)).toBeNull();
  const ended = (one: Trial): SearchEvent => ({
    event: 'trial-finished',
    trial: one,
    best: one,
    front: [one],
  });
  // Before a trial has ended, the running ones tell: 4 s for two fifths of it, then five on two workers and two networks.
  const first: SearchEvent[] = [
    { event: 'trial-started', trial: timed(0, 1000, 0) },
    { event: 'trial-progress', trial: 0, progress: 0.4 },
  ];
  expect(secondsLeft(after(...first.slice(0, 1)), 5000)).toBeNull();
  expect(secondsLeft(after(...first), 5000)).toBeCloseTo(10 * ((6 - 0.4) / 2 + 6));
  const [a, b] = [timed(0, 1000, 9000), timed(1, 1000, 13_000)];
  // Four trials of 10 s on two workers, and two networks that take three times as long.
  expect(secondsLeft(after(ended(a), ended(b)), 13_000)).toBeCloseTo(20 + 60);
  const begun = timed(2, 13_000, 0);
  const going: SearchEvent[] = [
    { event: 'trial-started', trial: begun },
    { event: 'trial-progress', trial: 2, progress: 0.5 },
  ];
  expect(secondsLeft(after(ended(a), ended(b), ...going), 13_000)).toBeCloseTo(17.5 + 60);
  const final = [
    { event: 'final-started', trial: 0, epochs: 5 } as const,
    { event: 'final-progress', trial: 0, progress: 0.5, valAccuracy: null } as const,
  ];
  expect(secondsLeft(after(ended(a), ended(b), ...final), 23_000)).toBeCloseTo(30);
  expect(renderProgress(after(ended(a), ended(b)), 13_000, 100, plain)).toContain(
    '2 of 6 trials, about 1 min 20 s left',
  );
});
