/** Settings of losses and optimisers that no number in the graph would betray: they are checked when they are given. */
import { fail } from '../errors.ts';

/**
 * Refuses a setting that is out of its range.
 * @param of the loss or optimiser
 * @param range what it may be, to follow on "give"
 * @throws USAGE unless `holds`; NaN never holds where the test is a comparison
 */
export function requireSetting(of: string, name: string, value: number, holds: boolean, range: string): void {
  if (!holds) fail('USAGE', { what: `${of}: ${name} is ${value}`, hint: `Give ${range}.` });
}

/** For shares that must leave something: 0 ≤ value < 1. @throws USAGE */
export const requireBelowOne = (of: string, name: string, value: number): void =>
  requireSetting(of, name, value, value >= 0 && value < 1, 'a number from 0 to below 1');

/** For shares: 0 ≤ value ≤ 1. @throws USAGE */
export const requireShare = (of: string, name: string, value: number): void =>
  requireSetting(of, name, value, value >= 0 && value <= 1, 'a number from 0 to 1');

/** For weights and small constants: finite and not negative. @throws USAGE */
export const requireNotNegative = (of: string, name: string, value: number): void =>
  requireSetting(of, name, value, value >= 0 && value < Infinity, 'a finite number that is not negative');
