import { expect, test } from 'vitest';
import { keepLast } from './keep-last.ts';

test('reads a path once until another comes; a failed read is tried again', async () => {
  const reads: string[] = [];
  const load = keepLast(async (path) => {
    reads.push(path);
    if (path === 'bad') throw new Error('unreadable');
    return path.toUpperCase();
  });
  expect(await Promise.all([load('a'), load('a')])).toEqual(['A', 'A']);
  expect(await load('a')).toBe('A');
  expect(reads).toEqual(['a']);
  expect([await load('b'), await load('a')]).toEqual(['B', 'A']);
  await expect(load('bad')).rejects.toThrow('unreadable');
  await expect(load('bad')).rejects.toThrow('unreadable');
  expect(reads).toEqual(['a', 'b', 'a', 'bad', 'bad']);
});
