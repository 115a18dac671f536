/** The loops of assembly/ in a memory of their own: WebAssembly, compiled ahead (`npm run assembly`). */
import { IMAGE_LOOPS } from './image-loops.wasm.ts';

/** The exports of assembly/index.ts; pointers are bytes in the memory. */
interface ImageLoops {
  sum(bytes: number, length: number): number;
  saturate(
    image: number,
    length: number,
    pitch: number,
    factor: number,
    red: number,
    green: number,
    blue: number,
  ): void;
  gather(
    plane: number,
    width: number,
    height: number,
    table: number,
    out: number,
    dx: number,
    dy: number,
    flip: boolean,
    flipVertical: boolean,
  ): void;
  writeOut(
    plane: number,
    width: number,
    height: number,
    table: number,
    area: number,
    left: number,
    top: number,
    wide: number,
    high: number,
  ): void;
  sample(
    area: number,
    wide: number,
    high: number,
    out: number,
    width: number,
    height: number,
    x: number,
    xx: number,
    xy: number,
    y: number,
    yx: number,
    yy: number,
    offset: number,
    scale: number,
  ): void;
}

/** All that is used here of what every JavaScript engine has; Node's types do not declare it. */
declare const WebAssembly: {
  readonly Module: new (binary: Uint8Array) => object;
  readonly Memory: new (size: { readonly initial: number }) => { readonly buffer: ArrayBuffer };
  readonly Instance: new (module: object, imports: object) => { readonly exports: object };
};

const PAGE = 1 << 16;

let compiled: object | null = null;

/** With a memory of at least so many bytes. */
export function instantiateLoops(size: number): {
  readonly loops: ImageLoops;
  readonly bytes: Uint8Array;
  readonly floats: Float32Array;
} {
  compiled ??= new WebAssembly.Module(Buffer.from(IMAGE_LOOPS, 'base64'));
  const memory = new WebAssembly.Memory({ initial: Math.ceil(size / PAGE) });
  const { exports } = new WebAssembly.Instance(compiled, { env: { memory } });
  return {
    loops: exports as ImageLoops,
    bytes: new Uint8Array(memory.buffer),
    floats: new Float32Array(memory.buffer),
  };
}
