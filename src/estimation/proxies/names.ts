/** Apart from the proxies themselves, so that options are read without ONNX Runtime. */
export const PROXY_NAMES = ['synflow', 'naswot', 'grad-norm', 'snip', 'params', 'macs'] as const;
export type ProxyName = (typeof PROXY_NAMES)[number];
