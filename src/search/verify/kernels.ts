/** Whether a model in 8 bits really computes in integers here, and what it leaves in float is what its file says. */
import { unmergedLayers } from '../../quantisation/float-layers.ts';
import { inspectKernels } from '../../quantisation/kernels.ts';
import { agrees, type Check, disagrees, unchecked } from './check.ts';
import { weightedLayers } from './structure.ts';

export const checkKernels: Check = async ({ bytes, model, precision, metadata }) => {
  if (precision === 'float') return null;
  const layers = weightedLayers(model.graph).map(({ name, op, quantised }) => ({
    name,
    op,
    integer: quantised,
    reason: null,
  }));
  const unmerged = unmergedLayers(layers, await inspectKernels(bytes));
  const inFloat = [...layers.filter(({ integer }) => !integer).map(({ name }) => name), ...unmerged];
  const here = `${layers.length - inFloat.length} of ${layers.length} layers with weights compute in integers${inFloat.length === 0 ? '' : `, in float ${inFloat.join(', ')}`}`;
  const { target, floatLayers } = metadata?.quantisation ?? {};
  if (target !== undefined && target !== 'onnxruntime')
    return unchecked(`the file is for ${target}; in ONNX Runtime ${here}`);
  if (floatLayers === undefined) return unchecked(`${here}; the file does not say what it leaves in float`);
  const said = new Set(floatLayers.map(({ name }) => name));
  const more = inFloat.filter((name) => !said.has(name));
  return more.length === 0
    ? agrees(here)
    : disagrees(`${here}; the file does not say so of ${more.join(', ')}`);
};
