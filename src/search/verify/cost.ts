/** Whether parameters, multiply-accumulates and memory are those of the network. */
import { networkCost } from '../../network/cost.ts';
import { agrees, type Check, disagrees, unchecked } from './check.ts';

export const checkCost: Check = ({ metadata, network, missing }) => {
  if (network === null) return unchecked(missing);
  if (metadata.cost === undefined) return unchecked('the file does not say what it costs');
  const found = networkCost(network);
  const names = { params: 'parameters', macs: 'MACs', memoryBytes: 'bytes of activations' } as const;
  const keys = Object.keys(names) as (keyof typeof names)[];
  const wrong = keys.filter((key) => found[key] !== metadata.cost![key]);
  return wrong.length === 0
    ? agrees(keys.map((key) => `${found[key]} ${names[key]}`).join(', '))
    : disagrees(
        wrong
          .map((key) => `the file says ${metadata.cost![key]} ${names[key]}, it has ${found[key]}`)
          .join('; '),
      );
};
