/**
 * An ONNX model in memory: plain immutable objects, the one intermediate representation of Espalier.
 *
 * Only what we read, write and transform is modelled; `encode.ts` and `decode.ts` convert to and from protobuf.
 * Source of the names and meanings: the ONNX standard (onnx.ai, IR version 10).
 */

/** What holds the elements of a tensor. */
export type TypedArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | BigInt64Array;

/**
 * Element types that Espalier handles. float16 and bfloat16 are kept as their 16 raw bits in a Uint16Array, bool as bytes
 * 0/1.
 */
export type DataType =
  | 'float32'
  | 'float64'
  | 'float16'
  | 'bfloat16'
  | 'int8'
  | 'uint8'
  | 'int16'
  | 'uint16'
  | 'int32'
  | 'int64'
  | 'bool';

/** A dense tensor, row-major. */
export interface Tensor {
  /** Element type; says how `data` is to be read. */
  readonly dtype: DataType;
  /** Length of each axis; [] for a scalar. */
  readonly shape: readonly number[];
  /** As many elements as the product of the shape. */
  readonly data: TypedArray;
}

/** The value of an operator's setting, by the kind that the standard gives it. Graphs (of `If` and `Loop`) are not handled. */
export type Attribute =
  | {
      readonly type: 'int';
      /** 64 bits in the file; exact here up to 2^53. */
      readonly value: number;
    }
  | {
      readonly type: 'float';
      /** Written as float32. */
      readonly value: number;
    }
  | {
      readonly type: 'string';
      /** UTF-8 in the file. */
      readonly value: string;
    }
  | {
      readonly type: 'ints';
      /** As `int`. */
      readonly value: readonly number[];
    }
  | {
      readonly type: 'floats';
      /** As `float`. */
      readonly value: readonly number[];
    }
  | {
      readonly type: 'strings';
      /** As `string`. */
      readonly value: readonly string[];
    }
  | {
      readonly type: 'tensor';
      /** A constant. */
      readonly value: Tensor;
    };

/** Settings of a node by name. */
export type Attributes = Readonly<Record<string, Attribute>>;

/** One use of an operator. */
export interface OnnxNode {
  /** Unique in the graph; shown in errors and profiles. */
  readonly name: string;
  /** ONNX operator type, e.g. `Conv`. */
  readonly op: string;
  /** `''` is the standard domain; `com.microsoft` and `com.microsoft.nchwc` are ONNX Runtime's. */
  readonly domain: string;
  /** Value names; `''` stands for an absent optional input. */
  readonly inputs: readonly string[];
  /** Value names; `''` stands for an output that is not asked for. */
  readonly outputs: readonly string[];
  /** Settings by name; the standard's defaults for those that are absent. */
  readonly attributes: Attributes;
}

/** Name and type of an input or output of the graph. */
export interface ValueInfo {
  /** Of the value; unique in the graph. */
  readonly name: string;
  /** Element type. */
  readonly dtype: DataType;
  /** A string is a symbolic dimension, e.g. `batch`. */
  readonly shape: readonly (number | string)[];
  /** Not even the rank is known; `shape` is then empty and no shape is written. False when absent. */
  readonly unranked?: boolean;
}

/** The nodes of a model and what goes in and out. */
export interface OnnxGraph {
  /** Shown in errors. */
  readonly name: string;
  /** In order. Up to IR version 3 initialisers are among them. */
  readonly inputs: readonly ValueInfo[];
  /** In order. */
  readonly outputs: readonly ValueInfo[];
  /** Weights and other constants by value name. */
  readonly initializers: ReadonlyMap<string, Tensor>;
  /** In topological order. */
  readonly nodes: readonly OnnxNode[];
}

/** An ONNX model in memory, as `readModelFile` gives and `encodeModel` takes it. Immutable. */
export interface OnnxModel {
  /** Version of the file format, 10 in models that Espalier makes. */
  readonly irVersion: number;
  /** Operator-set version by domain; `''` is the standard domain. */
  readonly opsets: Readonly<Record<string, number>>;
  /** The main graph, the only one that is handled. */
  readonly graph: OnnxGraph;
  /** Free texts by key; Espalier's own models keep labels and preprocessing there. */
  readonly metadata: Readonly<Record<string, string>>;
  /** The tool that wrote it. */
  readonly producer: string;
}
