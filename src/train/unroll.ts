/**
 * Several training steps as one graph: the vectors go from step to step within it, where each run of a session hands them
 * out and takes them in again. ONNX Runtime's binding copies every output, which for networks of products alone is as much
 * as a quarter of a step (docs/performance.md).
 */
import type { TrainingGraph } from '../autodiff/training-graph.ts';
import type { OnnxGraph, OnnxModel, OnnxNode, ValueInfo } from '../onnx/model.ts';
import { withoutUnread } from '../onnx/without-unread.ts';

/** Steps that pay off together; more of them gain next to nothing. */
const TOGETHER = 4;
/** Nodes of a step from which the larger session takes too long to be made. */
const MOST_NODES = 256;

/**
 * How many steps are worth one run: several where every weight is used once for an image, so that the vectors are large
 * beside the work. Convolutions use each weight at every place.
 */
export function stepsWorthOneRun({ model }: Pick<TrainingGraph, 'model'>): number {
  const { nodes } = model.graph;
  return nodes.length <= MOST_NODES && !nodes.some(({ op }) => op.includes('Conv')) ? TOGETHER : 1;
}

/** What an input or output of one of several steps is called. */
export const ofStep = (name: string, step: number): string => `${name}@${step}`;

/**
 * The model of so many steps. Inputs that differ from step to step (data, labels, learning rate, noise) and the outputs
 * beside the vectors are there once for each step, under the names of {@link ofStep}; the vectors are those before the first
 * and after the last. So is `magnitude`, which tells whether they are finite: what is not finite in a vector stays so in the
 * steps after.
 * @param shared inputs that all steps have in common: `decay`, `learningRateFactors`
 */
export function unrolled(model: OnnxModel, steps: number, shared: ReadonlySet<string>): OnnxModel {
  const { graph } = model;
  const vectors = new Set(graph.outputs.filter(isNext).map(({ name }) => name.slice(NEXT.length)));
  const common = new Set(['', ...shared, ...graph.initializers.keys()]);
  const last = steps - 1;
  const named = (name: string, step: number): string => {
    if (common.has(name)) return name;
    if (vectors.has(name)) return step === 0 ? name : ofStep(NEXT + name, step - 1);
    const leaves = name.startsWith(NEXT) && vectors.has(name.slice(NEXT.length)) && step === last;
    return leaves ? name : ofStep(name, step);
  };
  const places = Array.from({ length: steps }, (_, step) => step);
  const everyStep = (values: readonly ValueInfo[]): ValueInfo[] =>
    places.flatMap((step) => values.map((value) => ({ ...value, name: ofStep(value.name, step) })));
  const isKept = ({ name }: ValueInfo): boolean => common.has(name) || vectors.has(name);
  const nodes = places.flatMap((step) =>
    graph.nodes.map((node): OnnxNode => {
      const rename = (name: string): string => named(name, step);
      return {
        ...node,
        name: ofStep(node.name, step),
        inputs: node.inputs.map(rename),
        outputs: node.outputs.map(rename),
      };
    }),
  );
  const unrolledGraph: OnnxGraph = {
    ...graph,
    name: `${graph.name}.${steps}`,
    inputs: [...graph.inputs.filter(isKept), ...everyStep(graph.inputs.filter((input) => !isKept(input)))],
    outputs: [
      ...graph.outputs.filter(isNext),
      ...everyStep(graph.outputs.filter((output) => !isNext(output) && output.name !== MAGNITUDE)),
      ...graph.outputs
        .filter(({ name }) => name === MAGNITUDE)
        .map((value) => ({ ...value, name: ofStep(MAGNITUDE, last) })),
    ],
    nodes,
  };
  return { ...model, graph: withoutUnread(unrolledGraph) };
}

const NEXT = 'next.';
const MAGNITUDE = 'magnitude';
const isNext = ({ name }: ValueInfo): boolean => name.startsWith(NEXT);
