/** Which operators a runtime fuses: those that were found to cost nothing behind what they follow. */
import type { Coefficients, Sample } from './coefficients.ts';
import { partsOf } from './work.ts';

/** Less than this share of the time of the networks that have it is nothing. */
const NOTHING = 1e-3;
/** Seen in fewer networks, a kind's cost is a guess. */
const FEWEST = 10;

/** Kinds such as `Relu after Conv`, in the order of the alphabet. */
export function freeKinds(coefficients: Coefficients, samples: readonly Sample[]): string[] {
  const found = new Map<string, { cost: number; time: number; networks: number }>();
  for (const { work, ms } of samples) {
    const costs = new Map<string, number>();
    for (const [name, amount] of work) {
      const { family, kind, sort, ofKind } = partsOf(name);
      if (!ofKind) continue;
      // What the family costs, and what this kind of it costs on top.
      const unit = (coefficients[`${family}/${sort}`] ?? 0) + (coefficients[name] ?? 0);
      costs.set(kind, (costs.get(kind) ?? 0) + amount * unit);
    }
    for (const [kind, cost] of costs) {
      const before = found.get(kind) ?? { cost: 0, time: 0, networks: 0 };
      found.set(kind, {
        cost: before.cost + cost,
        time: before.time + ms,
        networks: before.networks + 1,
      });
    }
  }
  return [...found]
    .filter(
      ([kind, { cost, time, networks }]) =>
        kind.includes(' after ') && networks >= FEWEST && cost < NOTHING * time,
    )
    .map(([kind]) => kind)
    .sort();
}
