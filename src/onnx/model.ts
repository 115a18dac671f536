/**
 * An ONNX model in memory: plain immutable objects, the one intermediate representation of Espalier.
 *
 * Only what we read, write and transform is modelled; `encode.ts` and `decode.ts` convert to and from protobuf.
 * Source of the names and meanings: the ONNX standard (onnx.ai, IR version 10).
 */

export type TypedArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | BigInt64Array;

/** Element types that Espalier handles. float16 data is kept as its 16 raw bits, bool as bytes 0/1. */
export type DataType =
  | 'float32'
  | 'float64'
  | 'float16'
  | 'int8'
  | 'uint8'
  | 'int16'
  | 'uint16'
  | 'int32'
  | 'int64'
  | 'bool';

/** A dense tensor, row-major. `data.length` equals the product of `shape`. */
export interface Tensor {
  readonly dtype: DataType;
  readonly shape: readonly number[];
  readonly data: TypedArray;
}

export type Attribute =
  | { readonly type: 'int'; readonly value: number }
  | { readonly type: 'float'; readonly value: number }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'ints'; readonly value: readonly number[] }
  | { readonly type: 'floats'; readonly value: readonly number[] }
  | { readonly type: 'strings'; readonly value: readonly string[] }
  | { readonly type: 'tensor'; readonly value: Tensor };

export type Attributes = Readonly<Record<string, Attribute>>;

export interface OnnxNode {
  /** Unique in the graph; shown in errors and profiles. */
  readonly name: string;
  /** ONNX operator type, e.g. `Conv`. */
  readonly op: string;
  /** `''` is the standard domain; `com.microsoft` and `com.microsoft.nchwc` are ONNX Runtime's. */
  readonly domain: string;
  /** Value names; `''` stands for an absent optional input. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Attributes;
}

export interface ValueInfo {
  readonly name: string;
  readonly dtype: DataType;
  /** A string is a symbolic dimension, e.g. `batch`. */
  readonly shape: readonly (number | string)[];
  /** Not even the rank is known; `shape` is then empty and no shape is written. */
  readonly unranked?: boolean;
}

export interface OnnxGraph {
  readonly name: string;
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  readonly initializers: ReadonlyMap<string, Tensor>;
  /** In topological order. */
  readonly nodes: readonly OnnxNode[];
}

/** An ONNX model in memory, as `readModelFile` gives and `encodeModel` takes it. */
export interface OnnxModel {
  readonly irVersion: number;
  /** Operator-set version by domain; `''` is the standard domain. */
  readonly opsets: Readonly<Record<string, number>>;
  readonly graph: OnnxGraph;
  readonly metadata: Readonly<Record<string, string>>;
  readonly producer: string;
}
