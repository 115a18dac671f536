/** Dense symmetric linear algebra, row-major Float64Array: what Gaussian processes need. */

/**
 * The lower Cholesky factor L of a symmetric positive definite n×n matrix, in place (the upper triangle is left as it
 * was). Row by row: with `from`, rows before it hold their part of L already, and the result is to the last bit what the
 * whole would have given. @returns false when the matrix is not positive definite within rounding
 */
export function cholesky(matrix: Float64Array, n: number, from = 0): boolean {
  for (let i = from; i < n; i++) {
    const rowI = i * n;
    for (let j = 0; j < i; j++) {
      const rowJ = j * n;
      let sum = matrix[rowI + j]!;
      for (let k = 0; k < j; k++) sum -= matrix[rowI + k]! * matrix[rowJ + k]!;
      matrix[rowI + j] = sum / matrix[rowJ + j]!;
    }
    let diagonal = matrix[rowI + i]!;
    for (let k = 0; k < i; k++) diagonal -= matrix[rowI + k]! ** 2;
    if (!(diagonal > 1e-12)) return false;
    matrix[rowI + i] = Math.sqrt(diagonal);
  }
  return true;
}

/** Solves L·x = b in place for a lower triangular n×n matrix L. */
export function solveLower(lower: Float64Array, n: number, b: Float64Array): Float64Array {
  for (let i = 0; i < n; i++) {
    const row = i * n;
    let sum = b[i]!;
    for (let k = 0; k < i; k++) sum -= lower[row + k]! * b[k]!;
    b[i] = sum / lower[row + i]!;
  }
  return b;
}

/** Solves L·X = B in place for n rows of `columns` right-hand sides, row-major: one sweep through L for all of them. */
export function solveLowerMany(
  lower: Float64Array,
  n: number,
  b: Float64Array,
  columns: number,
): Float64Array {
  for (let i = 0; i < n; i++) {
    const own = b.subarray(i * columns, (i + 1) * columns);
    let k = 0;
    // Four rows at a time, subtracted one after another as if each had its own sweep.
    for (; k + 3 < i; k += 4) {
      const [f0, f1, f2, f3] = [
        lower[i * n + k]!,
        lower[i * n + k + 1]!,
        lower[i * n + k + 2]!,
        lower[i * n + k + 3]!,
      ];
      const [r0, r1, r2, r3] = [k * columns, (k + 1) * columns, (k + 2) * columns, (k + 3) * columns];
      for (let c = 0; c < columns; c++)
        own[c] = own[c]! - f0 * b[r0 + c]! - f1 * b[r1 + c]! - f2 * b[r2 + c]! - f3 * b[r3 + c]!;
    }
    for (; k < i; k++) {
      const factor = lower[i * n + k]!;
      const other = b.subarray(k * columns, (k + 1) * columns);
      for (let c = 0; c < columns; c++) own[c] = own[c]! - factor * other[c]!;
    }
    const diagonal = lower[i * n + i]!;
    for (let c = 0; c < columns; c++) own[c] = own[c]! / diagonal;
  }
  return b;
}

/** Solves Lᵀ·x = b in place for a lower triangular n×n matrix L. */
export function solveUpper(lower: Float64Array, n: number, b: Float64Array): Float64Array {
  for (let i = n - 1; i >= 0; i--) {
    const x = b[i]! / lower[i * n + i]!;
    b[i] = x;
    const row = i * n;
    for (let k = 0; k < i; k++) b[k] = b[k]! - lower[row + k]! * x;
  }
  return b;
}

/** The diagonal of (L·Lᵀ)⁻¹ for a lower triangular n×n matrix L. */
export function inverseDiagonal(lower: Float64Array, n: number): Float64Array {
  const identity = new Float64Array(n * n);
  for (let i = 0; i < n; i++) identity[i * n + i] = 1;
  const inverse = solveLowerMany(lower, n, identity, n);
  const diagonal = new Float64Array(n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) diagonal[j] = diagonal[j]! + inverse[i * n + j]! ** 2;
  return diagonal;
}
