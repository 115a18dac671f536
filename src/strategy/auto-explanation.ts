/** What `auto` did in a search, told from the notes of its proposals. */
import type { SearchFacts } from './strategy.ts';

/** How many trials came about in which way, and what the models were worth. */
export function explainAuto({ trials, objectives, notes }: SearchFacts, start: number): string {
  const intention =
    `After ${start} first trials a forest and a Gaussian process are fitted to all trials before each proposal, which has ` +
    (objectives === 1
      ? 'the largest expected improvement by both together.'
      : `the largest gain over the Pareto front of ${objectives} objectives, or is bred from it in turn.`);
  if (notes === undefined || notes.length === 0)
    return trials <= start
      ? `The ${trials} trials were too few to learn from: they are well-known members of the space and random draws.`
      : intention;
  const counts = new Map<string, number>();
  for (const note of notes) counts.set(kindOf(note), (counts.get(kindOf(note)) ?? 0) + 1);
  const told = [...counts].map(([kind, count]) => `${count} ${TOLD[kind] ?? kind}`);
  const details = notes.map(detailOf).filter((detail) => detail !== null);
  const [first, last] = [details[0], details.at(-1)];
  return [
    `Of ${trials} trials ${told.join(', ')}.`,
    ...(first === undefined || last === undefined
      ? [`There were too few results to learn from before trial ${start}.`]
      : [
          intention,
          'The models count by their rank correlation with trials that they had not seen: ' +
            (first === last ? `${last}.` : `at first ${first}; at the end ${last}.`),
        ]),
  ].join(' ');
}

const TOLD: Readonly<Record<string, string>> = {
  'start: well-known': 'began with well-known members of the space',
  'start: random': 'were random starting points',
  'start: the simplest': 'was the simplest network, the cheap end of the front',
  "start: the proxies' favourite": 'were the favourites of the cheap scores',
  predicted: 'were named by both models',
  'predicted for the first objective': 'were named by both models for the first objective alone',
  drawn: 'were drawn from a few trees, so that the search did not rest on a mistake',
  bred: 'were bred from the front',
  'bred without models': 'were bred from the best because the models foresaw little',
  random: 'were random because the models foresaw little or had nothing to learn from',
};

const kindOf = (note: string): string => note.replace(/ \(.*$/, '');
const detailOf = (note: string): string | null => / \((.*)\)$/.exec(note)?.[1] ?? null;
