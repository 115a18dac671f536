/** NumPy's .npy format, versions 1 to 3 (numpy.lib.format): the parts that hold images and labels. */
import { fail } from '../errors.ts';

export interface NpyArray {
  readonly shape: readonly number[];
  /** In C order. */
  readonly data: ArrayLike<number>;
  /** Whole numbers, as opposed to floating point. */
  readonly whole: boolean;
}

const MAGIC = '\x93NUMPY';

type ReadValue = (view: DataView, at: number, littleEndian: boolean) => number;

/** By NumPy's type character and size in bytes. Eight-byte integers lose exactness above 2^53, which no label reaches. */
const VALUES: Readonly<Record<string, ReadValue>> = {
  b1: (view, at) => view.getUint8(at),
  u1: (view, at) => view.getUint8(at),
  i1: (view, at) => view.getInt8(at),
  u2: (view, at, little) => view.getUint16(at, little),
  i2: (view, at, little) => view.getInt16(at, little),
  u4: (view, at, little) => view.getUint32(at, little),
  i4: (view, at, little) => view.getInt32(at, little),
  u8: (view, at, little) => Number(view.getBigUint64(at, little)),
  i8: (view, at, little) => Number(view.getBigInt64(at, little)),
  f4: (view, at, little) => view.getFloat32(at, little),
  f8: (view, at, little) => view.getFloat64(at, little),
};

/** @throws DATA_CORRUPT when it is cut short, in Fortran order, or of another type than whole and real numbers */
export function parseNpy(bytes: Uint8Array, file: string): NpyArray {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 12 || latin1(bytes, 0, 6) !== MAGIC)
    fail('DATA_CORRUPT', { file, reason: 'it does not begin as a .npy file does' });
  const wide = bytes[6]! >= 2;
  const length = wide ? view.getUint32(8, true) : view.getUint16(8, true);
  const start = (wide ? 12 : 10) + length;
  const header = latin1(bytes, wide ? 12 : 10, start);
  const type = /'descr':\s*'([<>|=]?)([a-z]\d+)'/.exec(header);
  const shapeText = /'shape':\s*\(([^)]*)\)/.exec(header)?.[1];
  if (shapeText === undefined) fail('DATA_CORRUPT', { file, reason: 'its header is damaged' });
  const read = type ? VALUES[type[2]!] : undefined;
  if (!type || !read)
    return fail('DATA_CORRUPT', {
      file,
      reason: `its values are of type ${/'descr':\s*([^,}]+)/.exec(header)?.[1] ?? 'unknown'}, not whole or real numbers`,
    });
  const shape = shapeText.split(',').flatMap((side) => (side.trim() === '' ? [] : [Number(side)]));
  if (/'fortran_order':\s*True/.test(header) && shape.length > 1)
    fail('DATA_CORRUPT', { file, reason: 'it is in Fortran order; save it with numpy.ascontiguousarray' });

  const count = shape.reduce((product, side) => product * side, 1);
  const width = Number(type[2]!.slice(1));
  if (bytes.length - start !== count * width)
    fail('DATA_CORRUPT', {
      file,
      reason: `it should hold ${shape.join('×')} values of ${width} bytes, but ${bytes.length - start} bytes follow its header`,
    });
  const whole = !type[2]!.startsWith('f');
  if (type[2] === 'u1') return { shape, data: bytes.subarray(start), whole };
  const data = new Float64Array(count);
  const little = type[1] !== '>';
  for (let i = 0; i < count; i++) data[i] = read(view, start + i * width, little);
  return { shape, data, whole };
}

const latin1 = (bytes: Uint8Array, from: number, to: number): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1', from, to);
