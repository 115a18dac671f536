/** ONNX Runtime in this process, as measurements see it. */
import { createSession } from '../runtime/session.ts';
import type { Engine } from './engine.ts';

/** @param threads of one operator */
export const localEngine = (threads: number): Engine => ({
  load: (model) => createSession(model, { threads }),
  // Nanoseconds.
  clockStepMs: 0,
});
