/** The cheap end of every front: the least network that still sees its input. */
import type { Random } from '../random.ts';
import type { Genome } from '../space/genome.ts';
import { mutateGenome } from '../space/mutation.ts';
import { readsInput, reducedGraph } from '../space/reduce.ts';
import type { SuggestRequest } from './strategy.ts';

/** Where the space cannot be listed: random genomes to begin with, and mutations of the least one. */
const DRAWS = 32;
const STEPS = 200;

type Cost = readonly [macs: number, params: number, operators: number];

/**
 * The acceptable genome whose network has the fewest multiply-accumulates, then the fewest parameters, then the fewest
 * operators once it is reduced, among those whose output depends on the input; in a space that cannot be listed, the least
 * that a descent by mutations finds. Null when nothing is acceptable.
 */
export function simplest(request: SuggestRequest): Genome | null {
  const all = request.listed();
  return all === null ? descended(request, request.random.split('simplest')) : leastOf(request, all);
}

function leastOf(request: SuggestRequest, genomes: readonly Genome[]): Genome | null {
  let [least, lowest]: [Genome | null, Cost | null] = [null, null];
  for (const genome of genomes) {
    const found: Cost | null = request.accept(genome) ? costBelow(request, genome, lowest) : null;
    if (found !== null) [least, lowest] = [genome, found];
  }
  return least;
}

function descended(request: SuggestRequest, random: Random): Genome | null {
  const drawn = Array.from({ length: DRAWS }, (_, i) => request.draw(random.split(i)));
  let least = leastOf(
    request,
    drawn.filter((genome) => genome !== null),
  );
  for (let step = 0; step < STEPS && least !== null; step++)
    least = leastOf(request, [least, mutateGenome(request.space, least, random)]);
  return least;
}

/** The cost where it is below the limit. Only of those that come near it the network is looked at. */
function costBelow({ inspect }: SuggestRequest, genome: Genome, limit: Cost | null): Cost | null {
  const inspected = inspect(genome);
  if (inspected === null) return null;
  const [macs, params] = [inspected.measures.macs ?? 0, inspected.measures.params ?? 0];
  if (limit !== null && (macs > limit[0] || (macs === limit[0] && params > limit[1]))) return null;
  const graph = reducedGraph(inspected.network);
  if (!readsInput(graph)) return null;
  const cost: Cost = [macs, params, graph.nodes.length];
  const isTie = limit !== null && macs === limit[0] && params === limit[1];
  return isTie && cost[2] >= limit[2] ? null : cost;
}
