/**
 * How long it takes from a network to the end of its first training step: weights, training graph, session, step. This is
 * what a search pays for every candidate before it learns anything.
 *
 *   npx tsx bench/train/startup.ts [threads]
 *
 * The first time is of a cold process (JIT, the probe for the lowering), the other the median of those after it.
 */
import { median } from './compare.ts';
import { espalierSide, randomBatch } from './espalier-side.ts';
import { resnet20 } from './networks/resnet20.ts';

const REPEATS = 9;

const network = resnet20.build(resnet20.inputShape, resnet20.classes);
const feeds = randomBatch(resnet20, resnet20.batch);
const threads = Number(process.argv[2] ?? 1);
const times: { readonly ready: number; readonly firstStep: number }[] = [];
for (let i = 0; i < REPEATS; i++) {
  const began = performance.now();
  const side = await espalierSide(network, { feeds, threads });
  const ready = performance.now() - began;
  await side.step();
  times.push({ ready, firstStep: performance.now() - began });
  await side.release();
}
const warm = times.slice(1);
const text = (t: { readonly ready: number; readonly firstStep: number }): string =>
  `${t.ready.toFixed(0)} ms to a ready session, ${t.firstStep.toFixed(0)} ms to the end of the first step`;
console.log(`cold: ${text(times[0]!)}`);
console.log(
  `warm: ${text({ ready: median(warm.map((t) => t.ready)), firstStep: median(warm.map((t) => t.firstStep)) })}`,
);
