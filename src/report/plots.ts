/** Which measures are plotted against each other: the objectives of the search first. */
import { measureInfo } from '../study/measure.ts';
import { paretoChart } from './charts/pareto.ts';
import type { ReportData } from './data.ts';
import { deviceMeasures } from './device-measures.ts';
import type { Html } from './html.ts';

/** The accuracy that the search was led by: the first among the objectives, else that of the trials. */
export function leadingAccuracy({ objectives }: Pick<ReportData, 'objectives'>): string {
  const found = objectives.find(({ measure }) => {
    const { unit, better } = measureInfo(measure);
    return unit === 'share' && better === 'higher';
  });
  return found?.measure ?? 'valAccuracy';
}

/** The accuracy against every other objective, then against the usual costs. */
export function frontPlots(data: ReportData): Html[] {
  const { trials, objectives, winner, members } = data;
  const y = leadingAccuracy(data);
  const usual = [y === 'int8ValAccuracy' ? 'int8LatencyMs' : 'latencyMs', 'params', 'macs'];
  const across = new Set([...objectives.map(({ measure }) => measure), ...usual, ...deviceMeasures(trials)]);
  across.delete(y);
  const trained = [...members, ...(winner === null || members.length > 0 ? [] : [winner])];
  return [...across].flatMap(
    (x) =>
      paretoChart({
        trials,
        members: trained.map(({ trial, measures }) => ({ number: trial, measures })),
        x,
        y,
        front: new Set(data.front),
        winner: winner?.trial ?? null,
      }) ?? [],
  );
}
