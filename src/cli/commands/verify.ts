import { EXIT, fail } from '../../errors.ts';
import type { VerifyReport } from '../../search/verify/verify-file.ts';
import { type AddCommand, examples } from '../command.ts';
import { print, styler } from '../terminal.ts';

interface VerifyFlags {
  readonly data?: string;
  readonly space?: string;
  readonly threads: string;
  readonly latency: boolean;
  readonly json?: boolean;
}

const SIGNS = { agrees: 'agrees', disagrees: 'DISAGREES', unchecked: 'unchecked' } as const;
const COLOURS = { agrees: 'green', disagrees: 'red', unchecked: 'yellow' } as const;

function originOf(metadata: VerifyReport['metadata']): string {
  if (metadata === null) return 'it says nothing of its making; what the file itself shows';
  const { space, seed, version, trial } = metadata;
  return [
    ...(space === undefined ? [] : [`space ${space}`]),
    ...(seed === undefined ? [] : [`seed ${seed}`]),
    ...(trial === undefined ? [] : [`trial ${trial}`]),
    `written by Espalier ${version}`,
  ].join(', ');
}

export const addVerify: AddCommand = (program, { terminal, signal }, finish) => {
  program
    .command('verify')
    .summary('recompute what a model file says about itself')
    .description(
      'Recomputes what a model file says about itself: its digest, its graph and cost from space and genome, its latency ' +
        'on this machine, in 8 bits the layers that compute in integers, and with --data its accuracy. Says what agrees, what does not, and what could not be checked. ' +
        'Of a model that Espalier did not write it says whether its graph is well formed, what it costs and how fast it is ' +
        'here. The digest shows damage and changes; it is no signature.',
    )
    .argument('<model>', 'a model.onnx or model.int8.onnx of a search, a file of `quantize`, or any .onnx')
    .option('--data <path>', 'the images of the search: checks the accuracy')
    .option('--space <name>', 'the space, where the file was made with one of your own')
    .option('--threads <n>', 'threads for the accuracy', '1')
    .option('--no-latency', 'leave out the latency')
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      examples(
        'verify runs/digits/model.onnx --data ./digits',
        'verify model.onnx --space ./my-space.ts --no-latency --json',
      ),
    )
    .action(async (path: string, flags: VerifyFlags) => {
      const threads = Number(flags.threads);
      if (!Number.isInteger(threads) || threads < 1)
        fail('USAGE', {
          what: `--threads ${flags.threads}: not a number of threads`,
          hint: 'Write --threads 2.',
        });
      const { verifyFile } = await import('../../search/verify/verify-file.ts');
      const report = await verifyFile({
        path,
        data: flags.data ?? null,
        space: flags.space ?? null,
        latency: flags.latency,
        threads,
        signal,
      });
      if (flags.json) print(terminal, JSON.stringify(report));
      else {
        const style = styler(terminal.stdout);
        print(
          terminal,
          `${path}: ${originOf(report.metadata)}`,
          '',
          ...report.checks.map(
            ({ name, status, text }) =>
              `${style(COLOURS[status], SIGNS[status].padEnd(9))}  ${name.padEnd(9)}  ${text}`,
          ),
        );
      }
      finish(report.ok ? EXIT.ok : EXIT.disagrees);
    });
};
