/** A quick name for a reduced network, where canonical.ts would take too long: the rows of a table are named at once. */
import type { ReducedGraph } from '../../space/reduce.ts';

/**
 * 64 bits in hexadecimal: a hash of every node with all that leads to it (Merkle 1987), the inputs of sums without order,
 * and of all nodes together without order. Equal for equal networks; different ones agree by chance once in 2⁶⁴.
 */
export function graphIdentity({ nodes, outputs }: ReducedGraph): string {
  const high = new Int32Array(nodes.length);
  const low = new Int32Array(nodes.length);
  let [all, every] = [0, 0];
  for (const [i, { label, inputs, commutative }] of nodes.entries()) {
    let [a, b] = labelHash(label);
    if (commutative)
      for (const input of inputs) {
        a = (a + scramble(high[input]! ^ 0x51ed270b)) | 0;
        b = (b + scramble(low[input]! ^ 0x2545f491)) | 0;
      }
    else
      for (const input of inputs) {
        a = scramble(Math.imul(a, 31) ^ high[input]!);
        b = scramble(Math.imul(b, 37) ^ low[input]!);
      }
    high[i] = scramble(a);
    low[i] = scramble(b ^ 0x68bc21eb);
    all = (all + scramble(high[i]! ^ low[i]!)) | 0;
    every = (every + scramble(Math.imul(low[i]!, 0x9e3779b1) ^ high[i]!)) | 0;
  }
  for (const output of outputs) {
    all = scramble(all ^ high[output]!);
    every = scramble(every ^ low[output]!);
  }
  return hex(all) + hex(every);
}

const hex = (word: number): string => (word >>> 0).toString(16).padStart(8, '0');

/** A mix of 32 bits in which every bit depends on every other (Wellons 2018, "lowbias32"). */
function scramble(word: number): number {
  let x = word;
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return x ^ (x >>> 16);
}

/** Networks of one space share their few labels. */
const labels = new Map<string, readonly [number, number]>();
const LABELS_KEPT = 100_000;

function labelHash(label: string): readonly [number, number] {
  let found = labels.get(label);
  if (found === undefined) {
    let [a, b] = [0x243f6a88, 0x85a308d3 | 0];
    for (let i = 0; i < label.length; i++) {
      a = Math.imul(a ^ label.charCodeAt(i), 0x01000193);
      b = scramble(b ^ Math.imul(label.charCodeAt(i), 0x9e3779b1));
    }
    found = [scramble(a), b];
    if (labels.size >= LABELS_KEPT) labels.clear();
    labels.set(label, found);
  }
  return found;
}
