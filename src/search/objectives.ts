/** What a search is judged by: the objectives as they were given, those in 8 bits, and what is no objective. */
import { deviceOf } from '../device/remote/measure-name.ts';
import { MEASURES } from '../study/measure.ts';
import type { Objective } from '../study/trial.ts';

/** What stands for a measure when candidates are judged in 8 bits. */
const IN_8_BITS: Readonly<Record<string, string>> = {
  valAccuracy: 'int8ValAccuracy',
  latencyMs: 'int8LatencyMs',
  sizeBytes: 'int8SizeBytes',
};

/** Known only of trained networks, after everything was decided. */
const NO_OBJECTIVES: readonly string[] = ['testAccuracy', 'int8TestAccuracy'];

/** The name of a measure in 8 bits, on the same device; that of the measure itself where there is but one. */
export function in8Bits(name: string): string {
  const { measure, device } = deviceOf(name);
  return `${IN_8_BITS[measure] ?? measure}${device === null ? '' : `@${device}`}`;
}

/** With `int8`, accuracy, latency and size are those in 8 bits, unless both are asked for: then each is what it says. */
export function judgedObjectives(objectives: readonly Objective[], int8: boolean): Objective[] {
  const given = new Set(objectives.map(({ measure }) => measure));
  return objectives.map((objective) => {
    const other = in8Bits(objective.measure);
    return int8 && !given.has(other) ? { ...objective, measure: other } : { ...objective };
  });
}

/** What is wrong with objectives as they were given, in words; null: nothing. */
export function objectivesProblem(objectives: readonly Objective[], int8: boolean): string | null {
  const names = objectives.map(({ measure }) => measure);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) return `${twice} is there twice`;
  for (const name of names) {
    const { measure } = deviceOf(name);
    if (!Object.hasOwn(MEASURES, measure))
      return `there is no measure "${name}"; the measures are ${Object.keys(MEASURES).join(', ')}`;
    if (NO_OBJECTIVES.includes(measure))
      return `${name} is known only of trained networks, and no trial may see the test images; use valAccuracy`;
    if (measure.startsWith('int8') && !int8) return `${name} is there only with --int8`;
  }
  return null;
}
