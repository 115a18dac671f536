/** Which ONNX Runtime this is: for `doctor` and reports. */
import * as ort from 'onnxruntime-node';

export interface Engine {
  readonly version: string;
  /** Execution providers inside the package; they may still need a driver. */
  readonly bundled: readonly string[];
  /** Providers that load once their libraries are installed. */
  readonly loadable: readonly string[];
}

export function describeEngine(): Engine {
  const backends = ort.listSupportedBackends();
  return {
    version: ort.env.versions.node ?? 'unknown',
    bundled: backends.filter((backend) => backend.bundled).map((backend) => backend.name),
    loadable: backends.filter((backend) => !backend.bundled).map((backend) => backend.name),
  };
}
