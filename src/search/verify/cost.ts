/** Whether parameters, multiply-accumulates and memory are those of the network, and of the file's own graph. */
import { deployedCost } from '../../network/deployed-cost.ts';
import { modelCost } from '../../onnx/model-layers.ts';
import { agrees, type Check, disagrees, unchecked } from './check.ts';

const NAMES = { params: 'parameters', macs: 'MACs', memoryBytes: 'bytes of activations' } as const;

export const checkCost: Check = ({ model, metadata, network }) => {
  const own = modelCost(model);
  const graph = `the file's own graph has ${own.params} weights and ${own.macs ?? 'an unknown number of'} MACs an image`;
  const said = metadata?.cost;
  if (said === undefined) return unchecked(`${graph}; the file does not say what it costs`);
  const wrong: string[] = [];
  if (network !== null) {
    const found = deployedCost(network);
    for (const key of Object.keys(NAMES) as (keyof typeof NAMES)[])
      if (found[key] !== said[key])
        wrong.push(`the file says ${said[key]} ${NAMES[key]}, the network has ${found[key]}`);
  }
  // Branches that were merged leave fewer; nothing makes more of them.
  if (own.macs !== null && own.macs > said.macs)
    wrong.push(`the file says ${said.macs} MACs, its own graph has ${own.macs}`);
  if (wrong.length > 0) return disagrees(wrong.join('; '));
  const figures = (Object.keys(NAMES) as (keyof typeof NAMES)[]).map((key) => `${said[key]} ${NAMES[key]}`);
  if (network !== null) return agrees(`${figures.join(', ')}; ${graph}`);
  return own.macs === said.macs
    ? agrees(`${said.macs} MACs; ${graph}`)
    : unchecked(`the file says ${figures.join(', ')} of the network that was trained; ${graph}`);
};
