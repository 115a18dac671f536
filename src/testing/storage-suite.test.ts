/** The suite notices what it promises to: faulty storages fail the tests that they should fail. */
import { expect, test } from 'vitest';
import { createMemoryStorage } from '../storage/memory.ts';
import type { StudyStorage } from '../storage/storage.ts';
import { storageSuite } from './storage-suite.ts';

/** Names of the suite's tests that fail, without the storage's. */
async function failuresOf(
  change: (sound: StudyStorage) => Partial<StudyStorage>,
  durable = false,
): Promise<string[]> {
  const bodies: [string, () => void | Promise<void>][] = [];
  storageSuite((name, body) => void bodies.push([name, body]), {
    name: 'faulty',
    newPlace: () => async () => {
      const sound = createMemoryStorage();
      return { ...sound, ...change(sound) };
    },
    durable,
  });
  const failed: string[] = [];
  for (const [name, body] of bodies)
    try {
      await body();
    } catch {
      failed.push(name.replace('faulty: ', ''));
    }
  return failed;
}

test('a sound storage fails nothing', async () => {
  expect(await failuresOf(() => ({}))).toEqual([]);
});

test('one that forgets is not durable', async () => {
  expect(await failuresOf(() => ({}), true)).toEqual(['holds trials and artefacts when it is opened again']);
});

test.each<[string, (sound: StudyStorage) => Partial<StudyStorage>, string]>([
  [
    'orders numbers as texts',
    (s) => ({
      trials: async () => (await s.trials()).sort((a, b) => (String(a.number) < String(b.number) ? -1 : 1)),
    }),
    'gives trials by number, whatever the order they came in',
  ],
  [
    'loses learning curves',
    (s) => ({ putTrial: (t) => s.putTrial({ ...t, curve: [] }) }),
    'gives a complete trial back as it was',
  ],
  [
    'keeps old measures',
    (s) => ({
      putTrial: async (t) => {
        const before = (await s.trials()).find((other) => other.number === t.number);
        await s.putTrial({ ...t, measures: { ...before?.measures, ...t.measures } });
      },
    }),
    'replaces the trial of the same number with all its fields',
  ],
  [
    'takes falsy artefacts for none',
    (s) => ({ artefact: async (name) => (await s.artefact(name)) || null }),
    'replaces artefacts, of any JSON and name',
  ],
  [
    'gives its own objects away',
    (s) => {
      let given: ReturnType<StudyStorage['trials']> | null = null;
      return { trials: () => (given ??= s.trials()) };
    },
    'keeps what it was given when the giver or a reader changes it',
  ],
])('a storage that %s is found out', async (_, change, promise) => {
  expect(await failuresOf(change)).toContain(promise);
});
