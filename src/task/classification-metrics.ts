/** Metrics of classification, all from the confusion matrix. */

/** counts[actual][predicted], classes in the data set's order. */
export type ConfusionMatrix = readonly (readonly number[])[];

export interface ClassFigures {
  readonly name: string;
  /** Images of the class. */
  readonly support: number;
  /** 0..1; 0 where nothing was predicted as, or is, of the class. */
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
}

const ratio = (a: number, b: number): number => (b === 0 ? 0 : a / b);

/** Share of images on the diagonal. */
export function accuracy(confusion: ConfusionMatrix): number {
  const total = confusion.flat().reduce((a, b) => a + b, 0);
  return ratio(
    confusion.reduce((sum, row, i) => sum + row[i]!, 0),
    total,
  );
}

export function classFigures(confusion: ConfusionMatrix, classes: readonly string[]): ClassFigures[] {
  return classes.map((name, i) => {
    const hits = confusion[i]![i]!;
    const support = confusion[i]!.reduce((a, b) => a + b, 0);
    const predicted = confusion.reduce((sum, row) => sum + row[i]!, 0);
    const precision = ratio(hits, predicted);
    const recall = ratio(hits, support);
    return { name, support, precision, recall, f1: ratio(2 * precision * recall, precision + recall) };
  });
}

/** Mean recall over the classes: what accuracy would be if all classes were equally frequent. */
export function balancedAccuracy(confusion: ConfusionMatrix): number {
  const recalls = confusion.map((row, i) =>
    ratio(
      row[i]!,
      row.reduce((a, b) => a + b, 0),
    ),
  );
  return recalls.reduce((a, b) => a + b, 0) / recalls.length;
}

/** The 95 % interval of a proportion (Wilson 1927): `hits` of `total`. */
export function wilsonInterval(hits: number, total: number): readonly [number, number] {
  if (total === 0) return [0, 1];
  const z = 1.959963984540054;
  const p = hits / total;
  const centre = (p + (z * z) / (2 * total)) / (1 + (z * z) / total);
  const half = (z / (1 + (z * z) / total)) * Math.sqrt((p * (1 - p)) / total + (z * z) / (4 * total * total));
  return [Math.max(0, centre - half), Math.min(1, centre + half)];
}
