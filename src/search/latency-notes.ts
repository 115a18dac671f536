/** Sentences for the report about latencies that are not to be trusted. */
import { deviceOf, onDevice } from '../device/remote/measure-name.ts';
import type { Winner } from '../report/data.ts';
import type { Trial } from '../study/trial.ts';

const MOST_NAMED = 12;

/** One for this machine and each device where some latency is in doubt; none otherwise. */
export function latencyNotes(
  trials: readonly Pick<Trial, 'number' | 'measures'>[],
  members: readonly Pick<Winner, 'trial' | 'measures'>[],
): string[] {
  const names = new Set([...trials, ...members].flatMap(({ measures }) => Object.keys(measures)));
  const devices = [...names].filter((name) => deviceOf(name).measure === 'latencyTrusted').sort();
  return devices.flatMap((name) => {
    const { device } = deviceOf(name);
    const trusted = device === null ? 'latencyTrusted' : onDevice('latencyTrusted', device);
    const tried = trials.filter(({ measures }) => measures[trusted] === 0).map(({ number }) => number);
    const trained = members.filter(({ measures }) => measures[trusted] === 0).map(({ trial }) => trial);
    const where = device === null ? '' : ` on ${device}`;
    const why = 'the machine was slow, not steady or busy while they were measured';
    return [
      ...(tried.length > 0
        ? [`The latencies${where} of ${listed('trial', tried)} are not to be trusted: ${why}.`]
        : []),
      ...(trained.length > 0
        ? [
            `The latencies${where} of the trained network${trained.length === 1 ? '' : 's'} of ${listed('trial', trained)} are not to be trusted: ${why}. \`espalier device measure\` measures again.`,
          ]
        : []),
    ];
  });
}

function listed(what: string, numbers: readonly number[]): string {
  const named = numbers.slice(0, MOST_NAMED).join(', ');
  const more = numbers.length - MOST_NAMED;
  return `${what}${numbers.length === 1 ? '' : 's'} ${named}${more > 0 ? ` and ${more} more` : ''}`;
}
