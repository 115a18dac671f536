/**
 * A genome: the choices of one candidate as plain JSON, shaped like the space's choice tree.
 *
 * `oneOf` gives the chosen value, `variant` gives `{ kind, ...its choices }`, `int`/`float` a number, `repeat` a list,
 * `optional` the value or null, `subset` a list in the space's order, `struct` an object.
 */
export type Genome =
  | null
  | boolean
  | number
  | string
  | readonly Genome[]
  | { readonly [name: string]: Genome };
