/**
 * Where the time of a training step goes, by ONNX Runtime's own profiler: kernel time by operator, domain and shape.
 *
 *   npx tsx bench/train/profile.ts NETWORK [--threads N] [--batch N] [--steps N] [--top N] [--order]
 *
 * `--order` lists the nodes of the last step in the order in which they ran.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { commandLine } from '../command-line.ts';
import { espalierSide, randomBatch } from './espalier-side.ts';
import { BENCH_NETWORKS } from './networks/index.ts';

interface ProfileEvent {
  readonly cat: string;
  readonly name: string;
  /** Microseconds. */
  readonly ts: number;
  readonly dur: number;
  readonly args?: {
    readonly op_name?: string;
    readonly input_type_shape?: readonly Readonly<Record<string, readonly number[]>>[];
    readonly output_type_shape?: readonly Readonly<Record<string, readonly number[]>>[];
  };
}

const { values, positionals } = commandLine(import.meta.url, {
  allowPositionals: true,
  options: {
    threads: { type: 'string', default: '1' },
    batch: { type: 'string' },
    steps: { type: 'string', default: '5' },
    top: { type: 'string', default: '45' },
    order: { type: 'boolean', default: false },
  },
});
const bench = BENCH_NETWORKS.find((n) => n.name === positionals[0]) ?? BENCH_NETWORKS[0]!;
const steps = Number(values.steps);
const folder = mkdtempSync(join(tmpdir(), 'espalier-profile-'));
try {
  const side = await espalierSide(bench.build(bench.inputShape, bench.classes), {
    feeds: randomBatch(bench, values.batch === undefined ? bench.batch : Number(values.batch)),
    threads: Number(values.threads),
    profilePrefix: join(folder, 'profile'),
  });
  for (let i = 0; i < steps + 2; i++) await side.step();
  side.endProfiling();
  await side.release();
  const file = join(folder, readdirSync(folder)[0]!);
  report(JSON.parse(readFileSync(file, 'utf8')) as ProfileEvent[]);
} finally {
  rmSync(folder, { recursive: true });
}

function report(events: readonly ProfileEvent[]): void {
  // The first two steps lay out memory.
  const runs = events.filter((e) => e.name === 'model_run').slice(2);
  const kernels = events.filter((e) => e.name.endsWith('_kernel_time') && e.ts >= runs[0]!.ts);
  if (values.order) {
    for (const e of kernels.filter((k) => k.ts >= runs.at(-1)!.ts))
      console.log(
        `${e.name.replace('_kernel_time', '').padEnd(60)} ${(e.dur / 1000).toFixed(2).padStart(8)} ${shapes(e)}`,
      );
    return;
  }
  const wall = runs.reduce((sum, r) => sum + r.dur, 0) / runs.length / 1000;
  const byOperator = new Map<string, number>();
  const byShape = new Map<string, { time: number; count: number }>();
  for (const e of kernels) {
    const time = e.dur / 1000 / runs.length;
    const op = e.args?.op_name ?? '?';
    byOperator.set(op, (byOperator.get(op) ?? 0) + time);
    const key = `${op.padEnd(20)} ${shapes(e)}`;
    const row = byShape.get(key) ?? { time: 0, count: 0 };
    row.time += time;
    row.count += 1 / runs.length;
    byShape.set(key, row);
  }
  const total = [...byOperator.values()].reduce((a, b) => a + b, 0);
  console.log(
    `${bench.name}: ${wall.toFixed(1)} ms a step, ${total.toFixed(1)} of it in ${Math.round(kernels.length / runs.length)} kernels`,
  );
  for (const [op, time] of [...byOperator].toSorted((a, b) => b[1] - a[1]))
    if (time > total / 500) console.log(`${time.toFixed(1).padStart(8)} ${op}`);
  console.log('');
  for (const [key, { time, count }] of [...byShape]
    .toSorted((a, b) => b[1].time - a[1].time)
    .slice(0, Number(values.top)))
    console.log(`${time.toFixed(2).padStart(8)} ${count.toFixed(0).padStart(3)}× ${key}`);
}

function shapes(e: ProfileEvent): string {
  const text = (list: NonNullable<ProfileEvent['args']>['input_type_shape']): string =>
    (list ?? []).map((entry) => `[${Object.values(entry)[0]!.join()}]`).join(' ');
  return `${text(e.args?.input_type_shape)} → ${text(e.args?.output_type_shape)}`;
}
