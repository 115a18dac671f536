/** Quantities as people write them, `10m`, `2M`, `64MB`, `2ms`, as numbers in one unit. A bare number is in that unit. */
import { fail } from '../errors.ts';

interface Scale {
  readonly what: string;
  readonly example: string;
  /** Factors by suffix, in lower case unless the case tells units apart. */
  readonly units: Readonly<Record<string, number>>;
}

const DURATION: Scale = {
  what: 'a duration',
  example: '90s, 10m, 1h or 1h30m',
  units: { '': 1, s: 1, m: 60, min: 60, h: 3600, d: 86_400 },
};
const COUNT: Scale = {
  what: 'a number',
  example: '250k, 2M or 1.5G',
  units: { '': 1, k: 1e3, m: 1e6, g: 1e9, b: 1e9 },
};
const BYTES: Scale = {
  what: 'a size in memory',
  example: '512KB, 64MB or 2GB',
  units: { '': 1, b: 1, kb: 2 ** 10, mb: 2 ** 20, gb: 2 ** 30, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 },
};
const LATENCY: Scale = {
  what: 'a latency',
  example: '2ms, 500us or 0.1s',
  units: { '': 1, ms: 1, us: 1e-3, µs: 1e-3, s: 1e3 },
};

function parse(scale: Scale, text: string, compound = false): number {
  const parts = [...text.trim().matchAll(/([0-9]*\.?[0-9]+(?:e[+-]?[0-9]+)?)\s*([a-zµ]*)\s*/gi)];
  const whole = parts.map((part) => part[0]).join('') === text.trim();
  const values = parts.map((part) => Number(part[1]) * (scale.units[part[2]!.toLowerCase()] ?? Number.NaN));
  const total = values.reduce((a, b) => a + b, 0);
  if (
    !whole ||
    parts.length === 0 ||
    (parts.length > 1 && !compound) ||
    !(total > 0) ||
    !Number.isFinite(total)
  )
    fail('QUANTITY', { text, what: scale.what, example: scale.example });
  return total;
}

/** Seconds of `90s`, `10m`, `1h30m`; a bare number is in seconds. @throws QUANTITY */
export const parseDuration = (text: string): number => parse(DURATION, text, true);
/** A count of `250k`, `2M`, `1.5G`. @throws QUANTITY */
export const parseCount = (text: string): number => Math.round(parse(COUNT, text));
/** Bytes of `512KB`, `64MB`, `2GB` (powers of 1024); a bare number is in bytes. @throws QUANTITY */
export const parseBytes = (text: string): number => Math.round(parse(BYTES, text));
/** Milliseconds of `2ms`, `500us`, `0.1s`; a bare number is in milliseconds. @throws QUANTITY */
export const parseLatency = (text: string): number => parse(LATENCY, text);

/** This machine, where latencies are given by device. */
export const HERE = 'here';

/** `2ms` here, `phone=5ms` on a device, several with commas between them. */
const parseByDevice =
  (parseOne: (text: string) => number) =>
  (text: string): Readonly<Record<string, number>> =>
    Object.fromEntries(
      text.split(',').map((part) => {
        const [first = '', second] = part.split('=', 2);
        return second === undefined ? [HERE, parseOne(first)] : [first.trim(), parseOne(second)];
      }),
    );

export const parseLatencies = parseByDevice(parseLatency);
/** `20MB` here, `board=16MB` on a device. @throws QUANTITY */
export const parseMemories = parseByDevice(parseBytes);
