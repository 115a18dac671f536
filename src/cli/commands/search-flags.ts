/** The flags of a search, made from the table of options. */
import { type Command, Option } from 'commander';
import { FIELDS, type Field, flagOf } from '../../config/fields.ts';

export function addSearchFlags(command: Command): Command {
  const groups: Field['group'][] = ['Search', 'Bounds', 'Training', 'Data', 'Machine'];
  for (const group of groups) {
    command.optionsGroup(`${group}:`);
    for (const [name, field] of Object.entries<Field>(FIELDS))
      if (field.group === group) command.addOption(optionOf(name, field));
  }
  return command
    .optionsGroup('Other:')
    .option(
      '--config <file>',
      'configuration file; espalier.config.ts, .js, .yaml or .json of this folder otherwise',
    )
    .option('--json', 'one JSON event a line; the last one is the result')
    .option('--dry-run', 'say what would be done, about how long it takes, and whether the devices answer');
}

/** One option of a search as a flag. */
export function optionOf(name: string, { value, text, repeats }: Field): Option {
  const option = new Option(value === null ? flagOf(name) : `${flagOf(name)} <${value}>`, text);
  return repeats
    ? option.argParser((now: string, before: string | undefined) =>
        before === undefined ? now : `${before},${now}`,
      )
    : option;
}
