/** Latencies on other devices beside each other: a row for each device and precision, a column for each network. */
import { formatMilliseconds } from '../report/format.ts';
import type { DeviceLatency } from '../search/events.ts';
import { tableLines } from './table.ts';

export interface TimedNetwork {
  /** Above its column. */
  readonly label: string;
  readonly devices?: Readonly<Record<string, DeviceLatency>>;
}

const COLUMNS = 80;
const GAP = 2;

/** Several tables below each other where the networks do not fit beside each other; no lines without devices. */
export function deviceTable(networks: readonly TimedNetwork[], columns = COLUMNS): string[] {
  const names = [...new Set(networks.flatMap(({ devices }) => Object.keys(devices ?? {})))];
  if (names.length === 0) return [];
  const rows = names.flatMap((name) =>
    (['latencyMs', 'int8LatencyMs'] as const).flatMap((measure) => {
      const found = networks.map(({ devices }) => devices?.[name]);
      if (found.every((latency) => latency?.[measure] === undefined)) return [];
      const source = found.find((latency) => latency?.source !== undefined)?.source ?? '';
      return [{ head: [name, measure === 'latencyMs' ? '' : 'int8', source], measure, name }];
    }),
  );
  const heads = [['latency on', '', ''], ...rows.map(({ head }) => head)];
  const cells = networks.map(({ label, devices }) => [
    label,
    ...rows.map(({ name, measure }) => {
      const { [measure]: ms, trusted } = devices?.[name] ?? {};
      if (ms === undefined) return '–';
      const mark = trusted === false ? '?' : '';
      return `${formatMilliseconds(ms)}${mark}`;
    }),
  ]);
  const widest = (texts: readonly string[]): number => Math.max(...texts.map((text) => text.length));
  const left = [0, 1, 2].reduce((sum, i) => sum + widest(heads.map((head) => head[i]!)) + GAP, 0);
  const own = widest(cells.flat()) + GAP;
  const beside = Math.max(1, Math.floor((columns - left + GAP) / own));
  const lines: string[] = [];
  for (let i = 0; i < cells.length; i += beside) {
    const part = cells.slice(i, i + beside);
    lines.push(
      '',
      ...tableLines(
        heads.map((head, row) => [...head, ...part.map((column) => column[row]!)]),
        `lll${'r'.repeat(part.length)}`,
      ),
    );
  }
  if (cells.flat().some((cell) => cell.endsWith('?')))
    lines.push('?: in doubt, the device was slow or not steady');
  return lines;
}
