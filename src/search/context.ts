/** What the parts of a running search are given. */
import type { ImageDataset } from '../data/dataset.ts';
import type { SearchSpace } from '../space/space.ts';
import type { StudyStorage } from '../storage/storage.ts';
import type { OnEvent } from './events.ts';
import type { SearchOptions } from './options.ts';
import type { SearchPlan } from './plan.ts';
import type { RunFolder } from './run-folder.ts';
import type { Stopwatch } from './stopwatch.ts';

/** How a search tells of itself and is told to stop. */
export interface SearchHooks {
  /** Told of what happens, in order of time; must not throw. */
  readonly onEvent: OnEvent;
  /** Aborted: running work stops, everything finished is kept, the run can be resumed. */
  readonly signal: AbortSignal;
  /** When the clock of a time limit began (milliseconds since the epoch); now by default. */
  readonly began?: number;
  /** The command line that asked for the search, for its report; none by default. */
  readonly command?: readonly string[];
}

/** The hooks of a search that tells nobody and that nothing stops, but for those that are given. */
export const withHooks = (given: Partial<SearchHooks>): SearchHooks => ({
  onEvent: () => undefined,
  signal: new AbortController().signal,
  ...given,
});

export interface SearchContext {
  readonly options: SearchOptions;
  readonly plan: SearchPlan;
  readonly space: SearchSpace;
  readonly dataset: ImageDataset;
  readonly folder: RunFolder;
  readonly storage: StudyStorage;
  readonly hooks: SearchHooks;
  readonly watch: Stopwatch;
  /** When the run's clock began, earlier sessions counted in (milliseconds since the epoch). */
  readonly start: number;
}
