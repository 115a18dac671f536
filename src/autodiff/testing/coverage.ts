/** How thoroughly the cases test each operator; docs/operators.md says so in a column. */
import { readFileSync, writeFileSync } from 'node:fs';
import type { OnnxNode } from '../../onnx/model.ts';
import { createRandom } from '../../random.ts';
import { BLOCKED_HANDLERS } from '../lowering/blocked.ts';
import type { BlockedHandler } from '../lowering/handler.ts';
import { CASES, FIXED_CASES } from './cases.ts';
import { caseGraph, type OperatorCase, PREFIX } from './operator-case.ts';

export interface Coverage {
  readonly fixed: number;
  readonly random: number;
  /** Cases in which a blocked kernel took the operator, or what it becomes in training, or a gradient of it. */
  readonly blocked: number;
}

/** The operator that a case is of: its name begins with it. */
export const operatorOf = (test: OperatorCase): string => test.name.split(/[ :(]/)[0]!;

const DOCUMENTATION = new URL('../../../docs/operators.md', import.meta.url);

/** Whether a blocked kernel took anything of a case but the convolutions before it. */
function runsBlocked(test: OperatorCase): boolean {
  const handlers = BLOCKED_HANDLERS as Record<string, BlockedHandler>;
  const originals = { ...handlers };
  let took = false;
  const isOwn = (node: OnnxNode): boolean =>
    !node.name.startsWith(PREFIX) && (node.op !== 'Identity' || operatorOf(test) === 'Identity');
  for (const [op, handler] of Object.entries(originals)) {
    handlers[op] = (l, node, fusion) => {
      const accepted = handler(l, node, fusion);
      // An operator may also have become part of the convolution before it.
      took ||= accepted && (isOwn(node) || fusion.output !== node.outputs[0]);
      return accepted;
    };
  }
  try {
    caseGraph(test, createRandom(test.name), { kind: 'blocked', block: 16 });
  } finally {
    Object.assign(handlers, originals);
  }
  return took;
}

export function coverage(): ReadonlyMap<string, Coverage> {
  const found = new Map<string, Coverage>();
  const fixed = new Set(FIXED_CASES);
  for (const test of CASES) {
    const operator = operatorOf(test);
    const so = found.get(operator) ?? { fixed: 0, random: 0, blocked: 0 };
    const isFixed = fixed.has(test);
    found.set(operator, {
      fixed: so.fixed + (isFixed ? 1 : 0),
      random: so.random + (isFixed ? 0 : 1),
      blocked: so.blocked + (runsBlocked(test) ? 1 : 0),
    });
  }
  return found;
}

/** `2 + 9, 4 blocked`; a dash where there are none. */
export function describeCoverage(of: Coverage | undefined): string {
  if (of === undefined) return '–';
  return `${of.fixed} + ${of.random}${of.blocked > 0 ? `, ${of.blocked} blocked` : ''}`;
}

/** What batch norm becomes is tested through it, and is no operator of ONNX. */
const TESTED_AS: Readonly<Record<string, string>> = { BatchNormTraining: 'BatchNormalization' };

export const readDocumentation = (): string => readFileSync(DOCUMENTATION, 'utf8');

/** The documentation with its column of cases as it should be: the last of each row with an operator and five others. */
export function withCoverage(text: string): string {
  const cases = coverage();
  return text.replaceAll(
    /^(\| (\w+) \|(?:[^|\n]*\|){4}) [^|\n]* \|$/gm,
    (_, row: string, operator: string) =>
      `${row} ${operator === 'operator' ? 'cases' : describeCoverage(cases.get(TESTED_AS[operator] ?? operator))} |`,
  );
}

export const writeDocumentation = (text: string): void => writeFileSync(DOCUMENTATION, text);
