/**
 * Counts the cases of each operator for the last column of docs/operators.md; the tests say when it is out of date.
 *
 * Run: npx tsx scripts/document-operators.ts
 */
import { readDocumentation, withCoverage, writeDocumentation } from '../src/autodiff/testing/coverage.ts';

writeDocumentation(withCoverage(readDocumentation()));
