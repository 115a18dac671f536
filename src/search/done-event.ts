/** The last event of a search: what came of it. */
import type { Standing, Winner } from '../report/data.ts';
import type { Study } from '../study/study.ts';
import type { Measures, Trial } from '../study/trial.ts';
import { constraintsOf } from './constraints.ts';
import type { SearchContext } from './context.ts';
import { latenciesByDevice, latencySources } from './devices.ts';
import type { DoneEvent, FrontMember, Int8Result } from './events.ts';
import { frontSize, standings } from './front.ts';
import type { SearchOptions } from './options.ts';
import { get, put } from './record.ts';

interface DoneRequest extends Pick<SearchContext, 'options' | 'plan' | 'storage' | 'watch'> {
  readonly study: Study;
}

/** Puts the event together and keeps it with the run. */
export async function recordDone(
  { options, plan, storage, study, watch }: DoneRequest,
  winner: Winner,
): Promise<DoneEvent> {
  await watch.save();
  const members = (await get(storage, 'members')) ?? [];
  const count = (state: Trial['state']): number => study.trials().filter((t) => t.state === state).length;
  const { measures } = winner;
  const how = standings(members, options.objectives, constraintsOf(options, plan));
  const event: DoneEvent = {
    event: 'done',
    testAccuracy: winner.test?.accuracy ?? null,
    valAccuracy: measures.valAccuracy!,
    latencyMs: measures.latencyMs!,
    ...trustOf(measures),
    ...(options.int8 && figuresIn8Bits(winner)),
    ...devicesOf(measures, options),
    params: measures.params!,
    macs: measures.macs!,
    ...((frontSize(options) > 1 || members.length > 1) && {
      front: members.map((member, i) => frontMember(member, how[i]!, options)),
    }),
    trials: { complete: count('complete'), failed: count('failed'), pruned: count('pruned') },
    seconds: watch.total(),
    out: options.out,
  };
  await put(storage, 'done', event);
  return event;
}

const frontMember = (member: Winner, standing: Standing, options: SearchOptions): FrontMember => {
  const { trial, model, test, measures } = member;
  return {
    trial,
    file: model.file,
    testAccuracy: test?.accuracy ?? null,
    valAccuracy: measures.valAccuracy!,
    latencyMs: measures.latencyMs!,
    ...trustOf(measures),
    ...(options.int8 && figuresIn8Bits(member)),
    ...devicesOf(measures, options),
    params: measures.params!,
    macs: measures.macs!,
    ...standing,
  };
};

const trustOf = ({ latencyTrusted }: Measures): Pick<FrontMember, 'latencyTrusted'> =>
  latencyTrusted === undefined ? {} : { latencyTrusted: latencyTrusted === 1 };

/** All null where the network could not be quantised. */
const figuresIn8Bits = ({ measures, int8 }: Winner): Required<Int8Result> => ({
  int8File: int8?.file ?? null,
  int8ValAccuracy: measures.int8ValAccuracy ?? null,
  int8TestAccuracy: measures.int8TestAccuracy ?? null,
  int8LatencyMs: measures.int8LatencyMs ?? null,
  int8LatencyTrusted: int8?.latency.trusted ?? null,
  int8SizeBytes: measures.int8SizeBytes ?? null,
  int8SpeedUp: int8?.speedUp ?? null,
});

function devicesOf(measures: Measures, options: SearchOptions): Pick<FrontMember, 'devices'> {
  const devices = latenciesByDevice(measures, latencySources(options.devices));
  return Object.keys(devices).length === 0 ? {} : { devices };
}
