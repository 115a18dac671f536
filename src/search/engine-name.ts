/** The engine that models run on, as files name it. */
import { describeEngine } from '../runtime/engine.ts';

export const engineName = (): string => `onnxruntime-node ${describeEngine().version}`;
