import { writeFileSync } from 'node:fs';
import type { ReportData } from './data.ts';
export async function writeReport(d: ReportData, p: string): Promise<void> {
  writeFileSync(p, JSON.stringify(d));
}
