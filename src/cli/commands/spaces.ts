import { EXIT } from '../../errors.ts';
import { deployedCost } from '../../network/deployed-cost.ts';
import { createRandom } from '../../random.ts';
import { formatCount } from '../../report/format.ts';
import { loadSpace } from '../../search/load-space.ts';
import { type Decision, listDecisions } from '../../space/decisions.ts';
import { describeGenome } from '../../space/json.ts';
import { PRESETS } from '../../space/presets/index.ts';
import { sampleNetwork } from '../../space/sample-network.ts';
import { spaceSize } from '../../space/size.ts';
import type { SearchSpace } from '../../space/space.ts';
import { type AddCommand, examples } from '../command.ts';
import { tableLines } from '../table.ts';
import { print, styler } from '../terminal.ts';

/** What an example network is built for. */
const EXAMPLE_IO = { inputShape: [3, 32, 32], outputs: 10 } as const;

/** `1.2e+15`, or the number itself while it is short. */
function sizeText(space: SearchSpace): string {
  const size = spaceSize(space);
  if (size === null) return 'infinite';
  const text = size.toString();
  return text.length <= 7 ? text : `${text[0]}.${text[1]}e${text.length - 1}`;
}

/** What was decided at one place, without what depends on it. */
function decided({ choice, value }: Decision): string {
  if (choice.kind === 'optional') return value === null ? 'no' : 'yes';
  if (choice.kind === 'repeat') return String((value as readonly unknown[]).length);
  if (choice.kind === 'variant') return (value as { readonly kind: string }).kind;
  return describeGenome(value);
}

/** What could have been decided there. */
function alternatives({ choice }: Decision): string {
  switch (choice.kind) {
    case 'oneOf':
      return `one of ${choice.values.join(', ')}`;
    case 'int':
      return `${choice.lo} to ${choice.hi}${choice.step === 1 ? '' : ` in steps of ${choice.step}`}`;
    case 'float':
      return `${choice.lo} to ${choice.hi}${choice.log ? ', logarithmic' : ''}`;
    case 'optional':
      return 'yes or no';
    case 'repeat':
      return `${choice.min} to ${choice.max}`;
    case 'subset':
      return `${choice.min} to ${choice.max} of ${choice.items.join(', ')}`;
    case 'variant':
      return `one of ${Object.keys(choice.options).join(', ')}`;
  }
}

export const addSpaces: AddCommand = (program, { terminal }, finish) => {
  program
    .command('spaces')
    .summary('list the search spaces, or show one')
    .description('Lists the search spaces that come with Espalier, or shows one of them or of yours.')
    .argument('[space]', 'a name, or the path of a module of yours')
    .option('--json', 'as JSON')
    .addHelpText('after', examples('spaces', 'spaces residual', 'spaces ./my-space.ts'))
    .action(async (name: string | undefined, { json = false }: { json?: boolean }) => {
      if (name === undefined) {
        const rows = Object.entries(PRESETS).map(([key, space]) => ({
          name: key,
          size: spaceSize(space)?.toString() ?? null,
          description: space.description,
        }));
        print(
          terminal,
          ...(json
            ? [JSON.stringify(rows)]
            : tableLines(
                Object.entries(PRESETS).map(([key, space]) => [key, sizeText(space), space.description]),
                'lrl',
              )),
        );
      } else await show(name, json);
      finish(EXIT.ok);
    });

  async function show(name: string, json: boolean): Promise<void> {
    const space = await loadSpace(name);
    const { genome, network } = sampleNetwork(space, createRandom('espalier spaces'), EXAMPLE_IO);
    const cost = deployedCost(network);
    if (json) {
      const size = spaceSize(space)?.toString() ?? null;
      print(
        terminal,
        JSON.stringify({
          name: space.name,
          description: space.description,
          size,
          ...(space.table === undefined ? {} : { table: space.table.description }),
          example: { genome, ...cost },
        }),
      );
      return;
    }
    const style = styler(terminal.stdout);
    const bold = (text: string): string => style('bold', text);
    const dim = (text: string): string => style('dim', text);
    print(
      terminal,
      bold(space.name),
      space.description,
      '',
      `genomes  ${sizeText(space)}`,
      ...(space.table === undefined
        ? []
        : ['', bold('In tables of evaluated architectures'), `  ${space.table.description}`]),
      '',
      bold('A genome of it'),
      ...tableLines(
        listDecisions(space, genome).map((d) => [`  ${d.path}`, decided(d), dim(alternatives(d))]),
      ),
      '',
      bold('Its network, for RGB images of 32×32 and 10 classes'),
      `  ${network.nodes.length} layers, ${formatCount(cost.params)} parameters, ${formatCount(cost.macs)} MACs`,
    );
  }
};
