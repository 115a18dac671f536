/**
 * Rest: while another process measures a latency, this one computes nothing. Sessions ask before each run, so that training,
 * validation and calibration all pause at their next step, whoever runs them.
 */
let resting: { readonly over: Promise<void>; readonly wake: () => void } | null = null;

/** From now on no session of this process begins a run. ONNX Runtime blocks the event loop, so none is under way either. */
export function beginRest(): void {
  if (resting !== null) return;
  let wake = (): void => {};
  const over = new Promise<void>((resolve) => {
    wake = resolve;
  });
  resting = { over, wake };
}

/** Lets them go on. Harmless when nobody rests. */
export function endRest(): void {
  resting?.wake();
  resting = null;
}

/** What a run waits for; null: nothing. */
export const restOver = (): Promise<void> | null => resting?.over ?? null;
