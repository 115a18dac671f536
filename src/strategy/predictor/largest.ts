/** The places of the `count` largest values, in no order: by selection (Hoare 1961), since all need not be sorted. */
export function largest(values: Float64Array, count: number): Int32Array {
  const places = Int32Array.from(values.keys());
  if (count >= places.length) return places;
  let [from, to] = [0, places.length - 1];
  while (from < to) {
    // The middle of three keeps sorted values from taking the square of their number.
    const three = [values[places[from]!]!, values[places[(from + to) >> 1]!]!, values[places[to]!]!];
    const pivot = three.sort((a, b) => a - b)[1]!;
    let [i, j] = [from, to];
    while (i <= j) {
      while (values[places[i]!]! > pivot) i++;
      while (values[places[j]!]! < pivot) j--;
      if (i <= j) {
        const swapped = places[i]!;
        places[i++] = places[j]!;
        places[j--] = swapped;
      }
    }
    if (count - 1 <= j) to = j;
    else if (count - 1 >= i) from = i;
    else break;
  }
  return places.slice(0, count);
}
