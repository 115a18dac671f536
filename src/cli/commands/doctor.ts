import { EXIT } from '../../errors.ts';
import { type AddCommand, examples } from '../command.ts';
import { tableLines } from '../table.ts';
import { print, styler } from '../terminal.ts';

export const addDoctor: AddCommand = (program, { terminal }, finish) => {
  program
    .command('doctor')
    .summary('what this machine offers, and what is wrong with it')
    .description(
      'Checks Node, processor, memory, disk, ONNX Runtime, image decoding and the database of this machine.',
    )
    .option('--json', 'as JSON')
    .addHelpText('after', examples('doctor'))
    .action(async ({ json = false }: { json?: boolean }) => {
      // Loaded here: a machine whose native modules do not load must still be examined.
      const { examine } = await import('../doctor.ts');
      const findings = await examine();
      const style = styler(terminal.stdout);
      const problems = findings.flatMap(({ what, problem }) => (problem ? [{ what, ...problem }] : []));
      if (json) print(terminal, JSON.stringify(findings));
      else {
        const mark = (problem: (typeof findings)[number]['problem']): string =>
          problem === null
            ? style('green', 'ok')
            : problem.fatal
              ? style('red', 'bad')
              : style('yellow', 'note');
        print(
          terminal,
          ...tableLines(findings.map(({ what, value, problem }) => [mark(problem), what, value])),
        );
        for (const { what, text, fix } of problems) print(terminal, '', `${what}: ${text}`, `  fix: ${fix}`);
        if (problems.length === 0) print(terminal, '', 'Nothing is wrong. Try: espalier quickstart');
      }
      finish(problems.some(({ fatal }) => fatal) ? EXIT.internal : EXIT.ok);
    });
};
