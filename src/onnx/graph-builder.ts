/**
 * Builds an ONNX graph node by node; every value's shape and type is inferred when the node is emitted, so that a
 * mistake is reported at the layer that makes it.
 */
import { fail } from '../errors.ts';
import type { Attribute, Attributes, DataType, OnnxModel, OnnxNode, Tensor, ValueInfo } from './model.ts';
import { nodeKey } from './node-key.ts';
import { SHAPE_RULES, type Shape, type ValueType } from './shape-rules.ts';

export const int = (value: number): Attribute => ({ type: 'int', value });
export const float = (value: number): Attribute => ({ type: 'float', value });
export const str = (value: string): Attribute => ({ type: 'string', value });
export const ints = (value: readonly number[]): Attribute => ({ type: 'ints', value });

/** A float32 tensor; a bare number is a scalar (rank 0). */
export function float32(values: number | ArrayLike<number>, shape?: readonly number[]): Tensor {
  const data = typeof values === 'number' ? Float32Array.of(values) : Float32Array.from(values);
  return { dtype: 'float32', shape: shape ?? (typeof values === 'number' ? [] : [data.length]), data };
}
/** An int64 vector, as shapes, axes and sizes are given. */
export function int64(values: readonly number[]): Tensor {
  return { dtype: 'int64', shape: [values.length], data: BigInt64Array.from(values, BigInt) };
}

/** What a node has beside its operator and inputs. */
export interface NodeOptions {
  /** Settings of the operator by name; the standard's defaults for those left out. */
  readonly attributes?: Attributes;
  /** Made unique by a number behind it; `<operator>_<place>` by default. */
  readonly name?: string;
  /** `''`, the standard's, by default. */
  readonly domain?: string;
  /** Names of the outputs, or how many; 1 by default. */
  readonly outputs?: readonly string[] | number;
  /** Output types where no shape rule exists (operators of other domains). */
  readonly types?: readonly ValueType[];
}

/** Of {@link GraphBuilder.build}. */
interface BuildOptions {
  /** Free texts by key that the model carries; none by default. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * Builds an ONNX graph value by value. Shapes and element types are inferred at once, so that a mistake is reported
 * at the node that makes it. Names of nodes and of their outputs are made unique; equal small constants are stored
 * once, and in training graphs equal nodes are emitted once.
 * @throws SHAPE, from each function, where a value is not defined, a name is taken, or a node does not fit its inputs;
 * OPERATOR where the node's is not handled
 */
export interface GraphBuilder {
  /** Adds an input of the graph; gives its name. A string in the shape is a symbolic axis. */
  input(name: string, dtype: DataType, shape: Shape): string;
  /** Adds a weight under its own name; gives the name. */
  initializer(name: string, tensor: Tensor): string;
  /** An anonymous constant; equal ones of up to 64 elements are stored once. */
  constant(tensor: Tensor): string;
  /** Emits a node; gives the names of its outputs. `''` stands for an absent optional input. */
  node(op: string, inputs: readonly string[], options?: NodeOptions): readonly string[];
  /** Emits a node with one output; gives its name. */
  op(op: string, inputs: readonly string[], attributes?: Attributes, name?: string): string;
  /** Shape of a value; a string is a symbolic axis. */
  shape(value: string): Shape;
  /** Element type of a value. */
  dtype(value: string): DataType;
  /** The value of a constant, or null. */
  tensor(value: string): Tensor | null;
  /** The node that a value comes from; null for inputs and constants. */
  producer(value: string): OnnxNode | null;
  /** The nodes emitted so far, in order. */
  nodes(): readonly OnnxNode[];
  /** Marks a value as an output of the graph, under another name if one is given. */
  output(value: string, name?: string): void;
  /** The model so far, in operator set 21; nodes and constants that no output needs are left out. */
  build(options?: BuildOptions): OnnxModel;
}

export const OPSET = 21;
export const IR_VERSION = 10;
export const PRODUCER = 'espalier';

export function createGraphBuilder(options: {
  readonly name: string;
  readonly opsets?: Readonly<Record<string, number>>;
  /** Names that will be defined later: invented names keep clear of them. */
  readonly reserved?: ReadonlySet<string>;
  /** Emit a node only once when it is asked for again under no name of its own; not by default. */
  readonly shareEqualNodes?: boolean;
}): GraphBuilder {
  const types = new Map<string, ValueType>();
  const initializers = new Map<string, Tensor>();
  const constants = new Map<string, string>();
  const nodes: OnnxNode[] = [];
  const nodeNames = new Set<string>();
  const graphInputs: ValueInfo[] = [];
  const outputs: { readonly value: string; readonly name: string }[] = [];
  const producers = new Map<string, OnnxNode>();
  const known = new Map<string, readonly string[]>();
  let serial = 0;

  const typeOf = (value: string): ValueType => {
    const found = types.get(value);
    return (
      found ?? fail('SHAPE', { layer: value, operator: 'value', reason: 'it is not defined in the graph' })
    );
  };
  const define = (name: string, type: ValueType): string => {
    if (types.has(name))
      fail('SHAPE', { layer: name, operator: 'value', reason: 'the name is already taken' });
    types.set(name, type);
    return name;
  };
  const uniqueName = (wanted: string): string => {
    let name = wanted;
    while (nodeNames.has(name)) name = `${wanted}~${++serial}`;
    nodeNames.add(name);
    return name;
  };
  const freeValue = (wanted: string): string => {
    let name = wanted;
    while (types.has(name) || options.reserved?.has(name)) name = `${wanted}~${++serial}`;
    return name;
  };

  const node: GraphBuilder['node'] = (op, inputs, settings = {}) => {
    // Nodes whose outputs have names of their own are never asked for again.
    const key =
      options.shareEqualNodes && typeof (settings.outputs ?? 1) === 'number'
        ? nodeKey(op, inputs, settings)
        : null;
    const same = key === null ? undefined : known.get(key);
    if (same) return same;
    const name = uniqueName(settings.name ?? `${op}_${nodes.length}`);
    const wanted = settings.outputs ?? 1;
    const attributes = settings.attributes ?? {};
    const names =
      wanted === 1
        ? [freeValue(name)]
        : typeof wanted === 'number'
          ? Array.from({ length: wanted }, (_, i) => freeValue(i === 0 ? name : `${name}.${i}`))
          : wanted;
    let results = settings.types;
    if (results === undefined) {
      const rule = SHAPE_RULES[op] ?? fail('OPERATOR', { op, node: name });
      results = rule({
        op,
        name,
        attributes,
        inputs: inputs.map((i) => (i === '' ? null : typeOf(i))),
        constant: (index) => initializers.get(inputs[index] ?? '') ?? null,
        outputCount: names.length,
      });
    }
    names.forEach((output, i) => {
      if (output !== '') define(output, results[i]!);
    });
    const emitted: OnnxNode = {
      name,
      op,
      domain: settings.domain ?? '',
      inputs: [...inputs],
      outputs: [...names],
      attributes,
    };
    nodes.push(emitted);
    for (const output of names) producers.set(output, emitted);
    if (key !== null) known.set(key, names);
    return names;
  };

  return {
    input(name, dtype, shape) {
      graphInputs.push({ name, dtype, shape });
      return define(name, { dtype, shape });
    },
    initializer(name, tensor) {
      initializers.set(name, tensor);
      return define(name, tensor);
    },
    constant(tensor) {
      const key = tensor.data.length <= 64 ? constantKey(tensor) : null;
      const equal = key === null ? undefined : constants.get(key);
      if (equal !== undefined) return equal;
      const name = define(freeValue(`const_${constants.size}_${serial++}`), tensor);
      initializers.set(name, tensor);
      if (key !== null) constants.set(key, name);
      return name;
    },
    node,
    op: (op, inputs, attributes, name) =>
      node(op, inputs, { ...(attributes && { attributes }), ...(name !== undefined && { name }) })[0]!,
    shape: (value) => typeOf(value).shape,
    dtype: (value) => typeOf(value).dtype,
    tensor: (value) => initializers.get(value) ?? null,
    producer: (value) => producers.get(value) ?? null,
    nodes: () => nodes,
    output(value, name = value) {
      const type = typeOf(value);
      if (name !== value) define(name, type);
      outputs.push({ value, name });
    },
    build(settings = {}) {
      const needed = new Set(outputs.map((o) => o.value));
      const kept: OnnxNode[] = [];
      for (let i = nodes.length - 1; i >= 0; i--) {
        const candidate = nodes[i]!;
        if (!candidate.outputs.some((o) => needed.has(o))) continue;
        for (const used of candidate.inputs) if (used !== '') needed.add(used);
        kept.push(candidate);
      }
      kept.reverse();
      const named = nameOutputs(kept, outputs);
      const domains = Object.fromEntries(kept.filter((n) => n.domain !== '').map((n) => [n.domain, 1]));
      return {
        irVersion: IR_VERSION,
        opsets: { '': OPSET, ...domains, ...options.opsets },
        producer: PRODUCER,
        metadata: settings.metadata ?? {},
        graph: {
          name: options.name,
          inputs: graphInputs,
          outputs: outputs.map(({ name }) => {
            const { dtype, shape } = typeOf(name);
            return { name, dtype, shape };
          }),
          initializers: new Map([...initializers].filter(([name]) => needed.has(name))),
          nodes: named,
        },
      };
    },
  };
}

/** Values that leave the graph under another name take it; a copy is made only of what has a name to keep. */
function nameOutputs(
  nodes: readonly OnnxNode[],
  outputs: readonly { readonly value: string; readonly name: string }[],
): readonly OnnxNode[] {
  const produced = new Set(nodes.flatMap((n) => n.outputs));
  const fixed = new Set(outputs.flatMap(({ value, name }) => (value === name ? [value] : [])));
  const renamed = new Map<string, string>();
  const copies: OnnxNode[] = [];
  for (const { value, name } of outputs) {
    if (value === name) continue;
    if (produced.has(value) && !fixed.has(value) && !renamed.has(value)) renamed.set(value, name);
    else
      copies.push({
        name: `${name}/copy`,
        op: 'Identity',
        domain: '',
        inputs: [value],
        outputs: [name],
        attributes: {},
      });
  }
  const all = [...nodes, ...copies];
  if (renamed.size === 0) return all;
  const now = (value: string): string => renamed.get(value) ?? value;
  return all.map((n) =>
    n.inputs.some((v) => renamed.has(v)) || n.outputs.some((v) => renamed.has(v))
      ? { ...n, inputs: n.inputs.map(now), outputs: n.outputs.map(now) }
      : n,
  );
}

/** Equal for equal tensors; distinguishes -0 from 0 and keeps full precision. */
function constantKey({ dtype, shape, data }: Tensor): string {
  let key = `${dtype}[${shape}]`;
  for (const value of data as ArrayLike<number | bigint> & Iterable<number | bigint>)
    key += value === 0 && Object.is(value, -0) ? ',-0' : `,${value}`;
  return key;
}
