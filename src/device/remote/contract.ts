/** What devices and those who ask them agree on. */

/** Of the messages in wire.ts; a change that an older side would misread raises it. */
export const DEVICE_PROTOCOL = 1;

/** Where a device answers, below its address. */
export const ROUTES = {
  device: '/v1/device',
  measurements: '/v1/measurements',
  /** For the page alone. */
  hello: '/v1/page/hello',
  next: '/v1/page/next',
  result: '/v1/page/result',
  bye: '/v1/page/bye',
} as const;

/** Content type of a model in a request. */
export const MODEL_TYPE = 'application/octet-stream';

/** Most numbers of a model's outputs that an answer carries. */
export const MAX_OUTPUT_VALUES = 65_536;
