/** The cheap end of every front: the least network that still sees its input. */
import type { Random } from '../random.ts';
import type { Genome } from '../space/genome.ts';
import { mutateGenome } from '../space/mutation.ts';
import { readsInput, reducedGraph } from '../space/reduce.ts';
import { listing } from './predictor/listed-features.ts';
import { compare, type Plainness, plainnessOf } from './predictor/plainness.ts';
import type { SuggestRequest } from './strategy.ts';

/** Where the space cannot be listed: random genomes to begin with, and mutations of the least one. */
const DRAWS = 32;
const STEPS = 200;

/**
 * The acceptable genome whose network has the fewest multiply-accumulates, then the fewest parameters, then the fewest
 * operators once it is reduced and the fewest connections as it stands, among those whose output depends on the input:
 * of genomes that build one network it is one without dead branches. In a space that cannot be listed, the least that a
 * descent by mutations finds. Null when nothing is acceptable.
 */
export function simplest(request: SuggestRequest): Genome | null {
  const all = request.listed();
  if (all === null) return descended(request, request.random.split('simplest'));
  for (const place of listing(request, all).order)
    if (request.accept(all[place]!) && seesInput(request, all[place]!)) return all[place]!;
  return null;
}

function descended(request: SuggestRequest, random: Random): Genome | null {
  let [least, lowest]: [Genome | null, Plainness | null] = [null, null];
  const consider = (genome: Genome | null): void => {
    if (genome === null || !request.accept(genome) || !seesInput(request, genome)) return;
    const found = plainnessOf(request, genome);
    if (lowest === null || compare(found, lowest) < 0) [least, lowest] = [genome, found];
  };
  for (let i = 0; i < DRAWS; i++) consider(request.draw(random.split(i)));
  for (let step = 0; step < STEPS && least !== null; step++)
    consider(mutateGenome(request.space, least, random));
  return least;
}

function seesInput({ inspect }: SuggestRequest, genome: Genome): boolean {
  const inspected = inspect(genome);
  return inspected !== null && readsInput(reducedGraph(inspected.network));
}
