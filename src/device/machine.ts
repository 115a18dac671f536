/** Describes the machine that trains and measures: for `doctor`, reports, and beside every latency. */
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, totalmem } from 'node:os';

/** The machine that a measurement was made on, as far as it decides what was measured. */
export interface Machine {
  /** Operating system and architecture, as Node names them: `linux x64`. */
  readonly platform: string;
  /** The processor's marketing name, or its architecture where the system does not tell. */
  readonly processor: string;
  /** Logical processors of the machine. */
  readonly cores: number;
  /** How many of them this process may use at once: affinity and container quota counted. */
  readonly usableCores: number;
  /** Of the machine. */
  readonly memoryBytes: number;
  /** Less than `memoryBytes` where a container limits it. */
  readonly usableMemoryBytes: number;
  /** The vector instruction sets that matter for ONNX Runtime's kernels, oldest first; empty where unknown. */
  readonly instructionSets: readonly string[];
  /** Version of Node: `v20.19.0`. */
  readonly node: string;
}

/** As /proc/cpuinfo names them. Blocked convolutions need avx2 or avx512f; int8 gains from vnni, i8mm, dotprod. */
const KNOWN_SETS = [
  'sse4_2',
  'avx',
  'fma',
  'avx2',
  'avx_vnni',
  'avx512f',
  'avx512_vnni',
  'avx512_bf16',
  'avx512_fp16',
  'amx_bf16',
  'amx_int8',
  'asimd',
  'asimddp',
  'i8mm',
  'bf16',
  'sve',
  'sve2',
];

const readText = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // Not Linux, or not shown in this container: what depends on it stays unknown.
    return '';
  }
};

/** Instruction sets in the text of /proc/cpuinfo (`flags` on x86, `Features` on ARM). */
export function instructionSets(cpuinfo: string): string[] {
  const listed = /^(?:flags|Features)\s*:\s*(.*)$/m.exec(cpuinfo)?.[1] ?? '';
  const flags = new Set(listed.split(' '));
  return KNOWN_SETS.filter((name) => flags.has(name));
}

/** Processors that a cgroup-2 quota allows, from the text of `cpu.max` (`<quota> <period>` or `max <period>`). */
export function quotaCores(cpuMax: string): number {
  const [quota, period] = cpuMax.trim().split(' ').map(Number);
  return quota && period ? Math.max(1, Math.floor(quota / period)) : Number.POSITIVE_INFINITY;
}

let described: Machine | null = null;

/** This machine. Read once: it does not change while we run. */
export function describeMachine(): Machine {
  if (described) return described;
  const processors = cpus();
  const memoryBytes = totalmem();
  // 0 or undefined: no limit known; without one it may also be a number near 2^64.
  const limit = process.constrainedMemory() || Number.POSITIVE_INFINITY;
  described = {
    platform: `${process.platform} ${process.arch}`,
    processor: processors[0]?.model.trim() || process.arch,
    cores: processors.length,
    usableCores: Math.min(availableParallelism(), quotaCores(readText('/sys/fs/cgroup/cpu.max'))),
    memoryBytes,
    usableMemoryBytes: Math.min(memoryBytes, limit),
    instructionSets: instructionSets(readText('/proc/cpuinfo')),
    node: process.version,
  };
  return described;
}
