/** Progress of networks timed in rounds: a bar in a terminal, a line for each tenth elsewhere. On stderr: results are on stdout. */
import type { RoundsProgress } from '../../device/predict/time-in-rounds.ts';
import { formatSeconds } from '../../report/format.ts';
import { styler, type Terminal } from '../terminal.ts';
import { bar } from './bar.ts';

export interface RoundsReporter {
  onTimed(progress: RoundsProgress): void;
  /** A line that stays, above the bar. */
  tell(line: string): void;
  /** Leaves the terminal as it should be. */
  close(): void;
}

const CELLS = 24;
const STEPS = 10;
/** To the beginning of an empty line. */
const CLEAR = '\r\u001b[K';

/** @param label what is timed, for example `float` */
export function roundsReporter({ stderr }: Terminal, label: string): RoundsReporter {
  const live = stderr.isTTY === true;
  const style = styler(stderr);
  let shown = '';
  let step = -1;
  const draw = (): void => {
    if (live) stderr.write(`${CLEAR}${shown}`);
  };
  const text = ({ round, rounds, networks, share, secondsLeft }: RoundsProgress): string =>
    share >= 1
      ? `${label}: timed; working out what comes of it`
      : `${label}: round ${round} of ${rounds}, ${networks} network${networks === 1 ? '' : 's'}, about ${formatSeconds(Math.ceil(secondsLeft))} left`;
  shown = `${style('cyan', bar(0, CELLS))}  ${label}: begins`;
  draw();
  return {
    onTimed(progress) {
      shown = `${style('cyan', bar(progress.share, CELLS))}  ${text(progress)}`;
      draw();
      const reached = Math.floor(progress.share * STEPS);
      if (live || reached <= step) return;
      step = reached;
      stderr.write(`${text(progress)}\n`);
    },
    tell(line) {
      stderr.write(`${live ? CLEAR : ''}${line}\n`);
      draw();
    },
    close() {
      if (live) stderr.write(CLEAR);
    },
  };
}
