import { expect, test } from 'vitest';
import { ALLOCATOR_TUNABLES, environmentWithoutTunables } from './allocator.ts';

test("a process that runs models has the user's tunables or none, not those of a training", () => {
  const environment = { PATH: '/bin', GLIBC_TUNABLES: ALLOCATOR_TUNABLES };
  expect(environmentWithoutTunables(environment)).toEqual({ PATH: '/bin' });
  expect(environment.GLIBC_TUNABLES).toBe(ALLOCATOR_TUNABLES);
  const own = { PATH: '/bin', GLIBC_TUNABLES: 'glibc.malloc.arena_max=1' };
  expect(environmentWithoutTunables(own)).toEqual(own);
  expect(environmentWithoutTunables({})).toEqual({});
});
