/** The type of a configuration file in TypeScript. */
import type { SearchOptionsInput } from '../search/options.ts';
import type { SearchSpace } from '../space/space.ts';
import type { FIELDS } from './fields.ts';

/** A number, or one with its unit as on the command line: `10m`, `250k`, `2ms`. */
type Quantity = number | `${number}${string}`;

type Objective = string | Readonly<Record<string, 'min' | 'max' | 'minimise' | 'maximise'>>;

/** Options whose values may be written in other forms than the option itself has. */
interface OtherForms {
  readonly space: string | SearchSpace;
  readonly objectives: string | readonly Objective[] | Objective;
  readonly maxLatency: Quantity | string | Readonly<Record<string, Quantity>>;
  readonly maxPeakMemory: Quantity | string | Readonly<Record<string, Quantity>>;
  readonly proxy: string | readonly string[];
  readonly warmFrom: string | readonly string[];
  readonly device: string | Readonly<Record<string, string>>;
  readonly augmentation: string | NonNullable<SearchOptionsInput['augmentation']>;
}

type Plain<Value> = Value extends number ? Quantity : Value;

type FieldName = keyof typeof FIELDS;

/**
 * What `espalier.config.ts` exports as its default: the flags of `espalier search` in camel case, and `data`. Paths are
 * relative to the file.
 *
 * ```ts
 * export default { data: './images', time: '10m', maxLatency: '2ms' } satisfies SearchConfig;
 * ```
 */
export type SearchConfig = {
  /** Folder or file of the images, or `drawn` for the built-in data. */
  readonly data?: string;
} & {
  readonly [Name in FieldName]?: Name extends keyof OtherForms
    ? OtherForms[Name]
    : Plain<NonNullable<SearchOptionsInput[(typeof FIELDS)[Name]['key']]>>;
};
