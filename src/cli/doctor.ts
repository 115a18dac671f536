/** What this machine offers for a search, what is wrong with it, and the way out. */
import { accessSync, constants } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { describeMachine, type Machine } from '../device/machine.ts';
import { formatBytes } from '../report/format.ts';

export interface Finding {
  readonly what: string;
  readonly value: string;
  /** Null when all is well; otherwise what is wrong and the way out. `fatal`: no search can run. */
  readonly problem: { readonly text: string; readonly fix: string; readonly fatal: boolean } | null;
}

type Check = (machine: Machine) => Finding | Promise<Finding>;

const well = (what: string, value: string): Finding => ({ what, value, problem: null });
const ill = (what: string, value: string, text: string, fix: string, fatal = false): Finding => ({
  what,
  value,
  problem: { text, fix, fatal },
});
const reason = (error: unknown): string =>
  error instanceof Error ? error.message.split('\n')[0]! : String(error);

const GIB = 2 ** 30;
/** A worker with its runtime and a small data set takes about half of this. */
const MEMORY_WANTED = 2 * GIB;
const DISK_WANTED = GIB;
const OLDEST_NODE = [20, 19] as const;

const CHECKS: readonly Check[] = [
  ({ node, platform }) => {
    const [major = 0, minor = 0] = node.slice(1).split('.').map(Number);
    const old = major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1]);
    const value = `${node} on ${platform}`;
    if (!old) return well('Node', value);
    return ill('Node', value, 'too old', `Install Node ${OLDEST_NODE.join('.')} or newer.`, true);
  },
  ({ processor }) => well('processor', processor),
  ({ cores, usableCores }) =>
    usableCores < cores
      ? ill(
          'cores',
          `${usableCores} of ${cores} usable`,
          'a quota or affinity holds the others back',
          'Raise the limit of the container (docker run --cpus) if you can; searches use the usable ones.',
          false,
        )
      : well('cores', String(cores)),
  ({ instructionSets }) => {
    const value = instructionSets.join(' ') || 'unknown';
    const known = instructionSets.length > 0;
    const fast = ['avx2', 'avx512f', 'asimd'].some((name) => instructionSets.includes(name));
    if (fast || !known) return well('vector instructions', value);
    return ill(
      'vector instructions',
      value,
      'neither AVX2 nor AVX-512: training will be several times slower',
      'Use another machine, or let the virtual machine pass its processor through (host CPU model).',
    );
  },
  ({ memoryBytes, usableMemoryBytes }) => {
    const value =
      usableMemoryBytes < memoryBytes
        ? `${formatBytes(usableMemoryBytes)} of ${formatBytes(memoryBytes)} usable`
        : formatBytes(memoryBytes);
    if (usableMemoryBytes >= MEMORY_WANTED) return well('memory', value);
    return ill(
      'memory',
      value,
      'less than 2 GB',
      'Use --workers 1, and --trial-memory to stop large trials early.',
    );
  },
  async () => {
    const { bavail, bsize } = await statfs('.');
    const free = bavail * bsize;
    if (free >= DISK_WANTED) return well('free disk', formatBytes(free));
    return ill(
      'free disk',
      formatBytes(free),
      'less than 1 GB',
      'Free some space, or put runs elsewhere with --out.',
    );
  },
  () => {
    try {
      accessSync('.', constants.W_OK);
      return well('this folder', 'can be written');
    } catch {
      return ill(
        'this folder',
        'cannot be written',
        'runs are written below it',
        'Name a folder of yours with --out.',
      );
    }
  },
  async () => {
    try {
      // Imported here: where it does not load, that is what must be said.
      const { describeEngine } = await import('../runtime/engine.ts');
      const { version, bundled, loadable } = describeEngine();
      const more = loadable.length === 0 ? '' : `; with their libraries ${loadable.join(', ')}`;
      return well('ONNX Runtime', `${version}: ${bundled.join(', ')}${more}`);
    } catch (error) {
      const fix = 'Run `npm ci` again on this machine; node_modules of another system does not work.';
      return ill('ONNX Runtime', 'does not load', reason(error), fix, true);
    }
  },
  async () => {
    try {
      const { default: sharp } = await import('sharp');
      return well('image decoding', `sharp ${sharp.versions.sharp}, libvips ${sharp.versions.vips}`);
    } catch (error) {
      const fix = 'Run `npm ci` again, with optional dependencies; image folders cannot be read without it.';
      return ill('image decoding', 'does not load', reason(error), fix, true);
    }
  },
  async () => {
    try {
      const { default: Database } = await import('libsql');
      const database = new Database(':memory:');
      database.exec('create table t (x); insert into t values (1)');
      database.close();
      return well('database', 'SQLite (libsql) works');
    } catch (error) {
      return ill(
        'database',
        'does not load',
        reason(error),
        'Run `npm ci` again, with optional dependencies.',
        true,
      );
    }
  },
];

/** All findings, in a fixed order. */
export async function examine(): Promise<Finding[]> {
  const machine = describeMachine();
  return Promise.all(CHECKS.map((check) => check(machine)));
}
