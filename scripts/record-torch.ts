/**
 * Writes down what PyTorch answers to the operator cases, for machines that have no PyTorch. To be run again when cases
 * change; the tests say when.
 *
 * Run: npx tsx scripts/record-torch.ts
 */
import { writeFileSync } from 'node:fs';
import { PLAIN } from '../src/autodiff/lowering/target.ts';
import { CASES } from '../src/autodiff/testing/cases.ts';
import { compileCase } from '../src/autodiff/testing/operator-case.ts';
import { RECORDED_ANSWERS_FILE, recordOf } from '../src/autodiff/testing/recorded-answers.ts';
import { startTorch, TORCH_PYTHON } from '../src/autodiff/testing/torch.ts';
import { createRandom } from '../src/random.ts';

if (TORCH_PYTHON === null) {
  console.error('No Python here can import torch. On Debian: apt-get install python3-torch');
  process.exit(1);
}
const torch = startTorch(TORCH_PYTHON);
const lines: string[] = [];
for (const operator of CASES) {
  const compiled = await compileCase(operator, createRandom(operator.name), PLAIN);
  const { inputs, cotangent } = await compiled.run();
  const answer = await torch.ask({
    expression: operator.torch,
    inputs: operator.shapes.map((shape, i) => ({ shape, data: [...inputs[i]!] })),
    cotangent: [...cotangent],
  });
  await compiled.release();
  // One case a line, so that a change shows which.
  lines.push(JSON.stringify(recordOf(operator.name, answer)));
}
torch.close();
writeFileSync(RECORDED_ANSWERS_FILE, `[\n${lines.join(',\n')}\n]\n`);
console.log(`${lines.length} cases recorded`);
