/** `report.html`: what a search did and what came of it, in one self-contained file. */
import { writeWhole } from '../disk.ts';
import type { ReportData } from './data.ts';
import { reportPage } from './page.ts';

/**
 * Writes what a search did and what came of it as one self-contained HTML file: it needs nothing else, and asks for
 * nothing over the network.
 * @throws STORAGE when the file cannot be written
 */
export async function writeReport(data: ReportData, path: string): Promise<void> {
  await writeWhole(path, reportPage(data));
}
