/** Random networks of some spaces as models that can be timed. */
import { deploymentModel } from '../../network/deploy.ts';
import type { DeployedGraph } from '../../network/deployed-graph.ts';
import { initialWeights } from '../../network/initialise.ts';
import type { Network, NetworkIO } from '../../network/network.ts';
import type { OnnxModel } from '../../onnx/model.ts';
import type { Random } from '../../random.ts';
import { sampleNetwork } from '../../space/sample-network.ts';
import type { SearchSpace } from '../../space/space.ts';
import type { Kernel } from './kernels.ts';

export interface RandomModels {
  /** Taken turn by turn. */
  readonly spaces: readonly SearchSpace[];
  readonly io: NetworkIO;
  /** How a network is deployed: as it is by default, or quantised. */
  readonly prepare?: (model: OnnxModel) => OnnxModel | Promise<OnnxModel>;
  /** What is predicted of it, which takes no weights: the kernels in float by default. */
  readonly kernels?: (deployed: DeployedGraph) => readonly Kernel[];
}

/** The space of the network of that index. */
export const spaceAt = ({ spaces }: Pick<RandomModels, 'spaces'>, index: number): SearchSpace =>
  spaces[index % spaces.length]!;

/** The network that {@link drawModel} draws from the same stream. */
export function drawNetwork({ spaces, io }: RandomModels, index: number, random: Random): Network {
  return sampleNetwork(spaceAt({ spaces }, index), random, io).network;
}

/** The same model for the same stream. @param index says which space's turn it is */
export async function drawModel(models: RandomModels, index: number, random: Random): Promise<OnnxModel> {
  const { prepare = (model) => model } = models;
  const network = drawNetwork(models, index, random);
  return prepare(deploymentModel(network, initialWeights(network, recycled(random)), 1));
}

/** A prime, so that no row of weights repeats the one before. */
const TABLE = 8191;

/** Normal samples from a table: nobody looks at these weights, and drawing millions takes longer than timing them. */
function recycled(random: Random): Random {
  const table = Float32Array.from({ length: TABLE }, () => random.normal());
  let next = 0;
  const normal = (): number => {
    next = next + 1 < TABLE ? next + 1 : 0;
    return table[next]!;
  };
  const source: Random = {
    ...random,
    normal,
    fillNormal: (target, deviation) => {
      for (let i = 0; i < target.length; i++) target[i] = normal() * deviation;
    },
    split: () => source,
  };
  return source;
}
