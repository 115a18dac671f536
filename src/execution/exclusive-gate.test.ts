import { expect, test, vi } from 'vitest';
import { createExclusiveGate } from './exclusive-gate.ts';

const worker = () => {
  const log: string[] = [];
  let rested = (): void => {};
  return {
    log,
    rested: () => rested(),
    rest: () => {
      log.push('rest');
      return new Promise<void>((resolve) => {
        rested = resolve;
      });
    },
    wake: () => void log.push('wake'),
  };
};
const settled = () => new Promise((resolve) => setImmediate(resolve));

test('who measures alone waits until the others rest, and they wake when it leaves', async () => {
  const gate = createExclusiveGate();
  const [a, b, c] = [worker(), worker(), worker()];
  for (const one of [a, b, c]) gate.join(one);
  const granted = vi.fn();
  const leave = gate.enter(a, granted, true);
  expect([a.log, b.log, c.log]).toEqual([[], ['rest'], ['rest']]);
  b.rested();
  await settled();
  expect(granted).not.toHaveBeenCalled();
  const next = vi.fn();
  const leaveNext = gate.enter(b, next);
  c.rested();
  await settled();
  expect(granted).toHaveBeenCalledOnce();
  expect(next).not.toHaveBeenCalled();
  leave();
  leave();
  expect([b.log, c.log]).toEqual([
    ['rest', 'wake'],
    ['rest', 'wake'],
  ]);
  // The next one did not ask for rest.
  expect(next).toHaveBeenCalledOnce();
  leaveNext();
  expect(a.log).toEqual([]);
});

test('a holder that dies before the others rest is granted nothing; who left the pool is not asked', async () => {
  const gate = createExclusiveGate();
  const [a, b, c] = [worker(), worker(), worker()];
  gate.join(a);
  gate.join(b);
  gate.join(c)();
  const granted = vi.fn();
  const leave = gate.enter(a, granted, true);
  leave();
  b.rested();
  await settled();
  expect(granted).not.toHaveBeenCalled();
  expect(b.log).toEqual(['rest', 'wake']);
  expect(c.log).toEqual([]);
});

test('a worker that does not come to rest is not waited for forever', async () => {
  const gate = createExclusiveGate(10);
  gate.join(worker());
  const granted = vi.fn();
  gate.enter(worker(), granted, true);
  await vi.waitFor(() => expect(granted).toHaveBeenCalledOnce());
});
