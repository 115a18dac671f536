/** The elements of one axis that a Slice takes (ONNX Slice, opset 10 and later). */
export interface SliceRange {
  readonly from: number;
  readonly count: number;
  readonly step: number;
}

/** Bounds below zero count from the end; what lies outside is clamped. `step` is not 0. */
export function sliceRange(size: number, start: number, end: number, step: number): SliceRange {
  const place = (v: number): number => (v < 0 ? v + size : v);
  const clamp = (v: number, low: number, high: number): number => Math.min(Math.max(v, low), high);
  const from = step > 0 ? clamp(place(start), 0, size) : clamp(place(start), 0, size - 1);
  const to = step > 0 ? clamp(place(end), 0, size) : clamp(place(end), -1, size - 1);
  return { from, count: Math.max(0, Math.ceil((to - from) / step)), step };
}
