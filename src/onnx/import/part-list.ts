/** The nodes that stand for one node, written down in their order. */
import { int64 } from '../graph-builder.ts';
import type { Attributes, OnnxNode } from '../model.ts';
import type { UpgradeContext } from './upgrades.ts';

export interface PartList {
  readonly nodes: readonly OnnxNode[];
  /** Adds a node of the standard domain. @returns its value: `output`, or a new one */
  readonly emit: (op: string, inputs: readonly string[], attributes?: Attributes, output?: string) => string;
  readonly reshape: (x: string, shape: readonly number[], output?: string) => string;
}

export function partList({ node, define, fresh }: UpgradeContext): PartList {
  const nodes: OnnxNode[] = [];
  const emit: PartList['emit'] = (op, inputs, attributes = {}, output) => {
    const name = fresh(`${node.name}/${op}`);
    nodes.push({ name, op, domain: '', inputs, outputs: [output ?? name], attributes });
    return output ?? name;
  };
  return {
    nodes,
    emit,
    reshape: (x, shape, output) => emit('Reshape', [x, define(int64(shape))], {}, output),
  };
}

/** A shape all of whose sizes are known; null else. */
export function fixedSizes({ type }: UpgradeContext, value: string | undefined): readonly number[] | null {
  const shape = value ? type(value)?.shape : undefined;
  return shape?.every((size) => typeof size === 'number') ? (shape as readonly number[]) : null;
}
