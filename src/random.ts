/**
 * The one source of randomness: a seeded generator that can be split by label.
 *
 * `split` does not advance the parent, so `root.split('trial', 7)` is the same stream in whatever order trials run;
 * resumption and parallel workers stay deterministic without passing state around. The values are part of the file
 * format of studies: they never change (golden test in random.test.ts).
 *
 * Generator: sfc32 (Doty-Humphrey, PractRand), 128 bits of state; seeding: a 128-bit mix of the label's UTF-16 units.
 */

/**
 * A seeded stream of random numbers (sfc32, Doty-Humphrey's PractRand): the same on every machine and in every
 * version. Not for secrets.
 */
export interface Random {
  /** A float in [0, 1) with 32 bits. */
  next(): number;
  /** A whole number in [0, bound), all equally likely. @throws RangeError unless the bound is a whole number in 1..2^32 */
  int(bound: number): number;
  /** A sample of the standard normal distribution (Box and Muller 1958). */
  normal(): number;
  /** Fills with samples of a normal distribution around zero: the same as by `normal()` times `deviation`, but faster. */
  fillNormal(target: Float32Array, deviation: number): void;
  /** One element, uniformly. @throws RangeError of an empty list */
  pick<T>(items: readonly T[]): T;
  /** A new array with the items in uniformly random order (Fisher and Yates, in Durstenfeld's form, 1964). */
  shuffle<T>(items: readonly T[]): T[];
  /** An independent stream named by the labels and the seed, wherever this one stands. Does not advance this one. */
  split(...labels: readonly (string | number)[]): Random;
}

type Seed128 = readonly [number, number, number, number];

/** Mixes a string into 128 bits; four multiply-xorshift lanes fed in turn (own construction, golden-tested). */
function mix(seed: Seed128, text: string): Seed128 {
  let [a, b, c, d] = seed;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    a = Math.imul(a ^ unit, 0x9e3779b1);
    b = Math.imul(b ^ (a >>> 15) ^ unit, 0x85ebca77);
    c = Math.imul(c ^ (b >>> 13) ^ unit, 0xc2b2ae3d);
    d = Math.imul(d ^ (c >>> 16) ^ unit, 0x27d4eb2f);
    a = (a ^ (d >>> 14)) | 0;
  }
  // Two finishing rounds let every lane depend on every unit.
  for (let round = 0; round < 2; round++) {
    a = Math.imul(a ^ (b >>> 16), 0x7feb352d);
    b = Math.imul(b ^ (c >>> 15), 0x846ca68b);
    c = Math.imul(c ^ (d >>> 16), 0x7feb352d);
    d = Math.imul(d ^ (a >>> 15), 0x846ca68b);
    a = (a ^ (d >>> 13)) | 0;
  }
  return [a, b, c, d];
}

/**
 * A generator for a seed: a number or any text; a number and the text of it are the same seed. Equal seeds give equal
 * streams on every machine.
 */
export function createRandom(seed: string | number): Random {
  return fromSeed(mix([0x243f6a88, 0x85a308d3 | 0, 0x13198a2e, 0x03707344], `seed:${seed}`));
}

function fromSeed(seed: Seed128): Random {
  let [a, b, c, counter] = seed;
  const word = (): number => {
    const t = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + t;
    c |= 0;
    return t >>> 0;
  };
  for (let i = 0; i < 12; i++) word();

  const next = (): number => word() / 4294967296;
  const int = (bound: number): number => {
    if (!(Number.isInteger(bound) && bound >= 1 && bound <= 4294967296))
      throw new RangeError(`int(bound): bound ${bound} is not a whole number in 1..2^32`);
    // Rejection keeps every value equally likely.
    const limit = 4294967296 - (4294967296 % bound);
    let value = word();
    while (value >= limit) value = word();
    return value % bound;
  };
  return {
    next,
    int,
    normal: () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
    fillNormal(target, deviation) {
      // The state in variables of this call: those of the generator live on the heap.
      let [p, q, r, n] = [a, b, c, counter];
      for (let i = 0; i < target.length; i++) {
        let t = (((p + q) | 0) + n) | 0;
        p = q ^ (q >>> 9);
        q = (r + (r << 3)) | 0;
        r = (((r << 21) | (r >>> 11)) + t) | 0;
        const radius = Math.sqrt(-2 * Math.log(1 - (t >>> 0) / 4294967296));
        n = (n + 1) | 0;
        t = (((p + q) | 0) + n) | 0;
        p = q ^ (q >>> 9);
        q = (r + (r << 3)) | 0;
        r = (((r << 21) | (r >>> 11)) + t) | 0;
        n = (n + 1) | 0;
        target[i] = radius * Math.cos(2 * Math.PI * ((t >>> 0) / 4294967296)) * deviation;
      }
      [a, b, c, counter] = [p, q, r, n];
    },
    pick: (items) => items[int(items.length)]!,
    shuffle: (items) => {
      const result = [...items];
      for (let i = result.length - 1; i > 0; i--) {
        const j = int(i + 1);
        [result[i], result[j]] = [result[j]!, result[i]!];
      }
      return result;
    },
    // Length-prefixed parts: split('a', 'b') differs from split('ab') and from split('a').split('b').
    split: (...labels) =>
      fromSeed(
        mix(
          seed,
          labels.map((l) => `${typeof l === 'number' ? '#' : '$'}${String(l).length}:${l}`).join('/'),
        ),
      ),
  };
}
