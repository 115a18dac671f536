/**
 * A genome: the choices of one candidate as plain JSON, shaped like the space's choice tree.
 *
 * `oneOf` gives the chosen value, `int`/`float` a number, `optional` the value or null, `repeat` a list, `subset` a list
 * in the space's order, `struct` an object, `variant` `{ kind, ...fields }` (or `{ kind, value }` where the alternative
 * is not a struct), and `shared` its value at every place.
 */
export type Genome =
  | null
  | boolean
  | number
  | string
  | readonly Genome[]
  | { readonly [name: string]: Genome };
