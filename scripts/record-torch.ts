/**
 * Writes down what PyTorch answers to the cases of operators and losses, and the losses of whole runs, for machines that have no PyTorch. To be run again when cases
 * change; the tests say when.
 *
 * Run: npx tsx scripts/record-torch.ts
 */
import { PLAIN } from '../src/autodiff/lowering/target.ts';
import { CASES } from '../src/autodiff/testing/cases.ts';
import { compileLoss } from '../src/autodiff/testing/loss-case.ts';
import { LOSS_CASES } from '../src/autodiff/testing/loss-cases.ts';
import { compileCase } from '../src/autodiff/testing/operator-case.ts';
import {
  type RecordedAnswer,
  recordOf,
  writeRecordedAnswers,
} from '../src/autodiff/testing/recorded-answers.ts';
import { startTorch, TORCH_PYTHON } from '../src/autodiff/testing/torch.ts';
import { createRandom } from '../src/random.ts';
import { OPTIMISER_RUNS, recordOfRun, writeRecordedRuns } from '../src/train/testing/optimiser-runs.ts';
import { runInTorch } from '../src/train/testing/training-run.ts';

if (TORCH_PYTHON === null) {
  console.error('No Python here can import torch. On Debian: apt-get install python3-torch');
  process.exit(1);
}
const torch = startTorch(TORCH_PYTHON);
const operators: RecordedAnswer[] = [];
for (const operator of CASES) {
  const compiled = await compileCase(operator, createRandom(operator.name), PLAIN);
  const { inputs, cotangent } = await compiled.run();
  const answer = await torch.ask({
    expression: operator.torch,
    inputs: operator.shapes.map((shape, i) => ({ shape, data: [...inputs[i]!] })),
    cotangent: [...cotangent],
  });
  await compiled.release();
  operators.push(recordOf(operator.name, answer));
}
writeRecordedAnswers('operators', operators);

const losses: RecordedAnswer[] = [];
for (const lossCase of LOSS_CASES) {
  const compiled = await compileLoss(lossCase, createRandom(lossCase.name));
  losses.push(recordOf(lossCase.name, await torch.ask(compiled.question)));
  await compiled.release();
}
torch.close();
writeRecordedAnswers('losses', losses);

const runs = await runInTorch(TORCH_PYTHON, Object.values(OPTIMISER_RUNS));
const names = Object.keys(OPTIMISER_RUNS);
writeRecordedRuns(Object.fromEntries(names.map((name, i) => [name, recordOfRun(runs[i]!.losses)])));
console.log(
  `${operators.length} cases of operators, ${losses.length} of losses, ${runs.length} runs recorded`,
);
