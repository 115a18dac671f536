/**
 * How glibc is asked to allocate in processes that train, as a value of `GLIBC_TUNABLES`. Without effect elsewhere.
 *
 * - Huge pages in large blocks, where the system leaves that to programs: a session's first step then takes some thousand
 *   page faults in place of a hundred thousand.
 * - Blocks of up to 32 MiB are kept for reuse, 128 MiB of them at most: the vectors of a step, which ONNX Runtime's
 *   binding copies each time that it returns them, otherwise go back to the system and are faulted in anew.
 */
export const ALLOCATOR_TUNABLES =
  'glibc.malloc.hugetlb=1:glibc.malloc.mmap_threshold=33554432:glibc.malloc.trim_threshold=134217728';

/** The environment of a process that runs models as the user's program will: pages of a training are not those of an inference. */
export function environmentWithoutTunables(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { GLIBC_TUNABLES, ...rest } = environment;
  return GLIBC_TUNABLES === undefined || GLIBC_TUNABLES === ALLOCATOR_TUNABLES
    ? rest
    : { ...rest, GLIBC_TUNABLES };
}
