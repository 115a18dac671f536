/**
 * What a batch of images spends its time with, in AssemblyScript: compiled to WebAssembly, several pixels at a time. Images are
 * planes of bytes in the module's memory, results planes of floats; callers place both, pointers are in bytes. The side in
 * TypeScript is src/data/image-loops.ts.
 */
export { saturate, sum } from './colour';
export { gather } from './gather';
export { sample, writeOut } from './warp';
