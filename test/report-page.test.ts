/** The report in a browser: nothing is asked for, nothing fails, it fits small screens, tables are sorted. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeReport } from '../src/report/report.ts';
import { PRESETS } from '../src/space/presets/index.ts';
import { CHROMIUM, hasChromium } from './fixtures/chromium.ts';
import { reportData } from './fixtures/report-data.ts';

// Skipped without a browser: install the package chromium.
describe.skipIf(!hasChromium)('the report in Chromium', () => {
  const folder = mkdtempSync(join(tmpdir(), 'espalier-page-'));
  const path = join(folder, 'report.html');
  const address = pathToFileURL(path).href;
  let browser: Browser;

  beforeAll(async () => {
    const classes = ['rose', 'tulip', '<b>&"daisy', 'a class with a name that is rather long'];
    await writeReport(reportData({ space: PRESETS.mobile, classes, trials: 40 }), path);
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu'] });
  });
  afterAll(async () => {
    await browser.close();
    rmSync(folder, { recursive: true });
  });

  test.each([
    ['light', 1200],
    ['dark', 1200],
    ['light', 360],
    ['dark', 360],
  ] as const)('%s, %i pixels wide', async (colorScheme, width) => {
    const page = await browser.newPage({ viewport: { width, height: 800 }, colorScheme });
    const problems: string[] = [];
    const requests: string[] = [];
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('console', (message) => problems.push(message.text()));
    page.on('request', (request) => requests.push(request.url()));
    await page.goto(address);
    expect(problems).toEqual([]);
    expect(requests.filter((url) => !url.startsWith('data:'))).toEqual([address]);
    const seen = await page.evaluate<{
      overflow: number;
      text: string;
      background: string;
      hidden: number;
    }>(`({
      overflow: document.documentElement.scrollWidth - innerWidth,
      text: getComputedStyle(document.querySelector('h1')).color,
      background: getComputedStyle(document.body).backgroundColor,
      hidden: [...document.querySelectorAll('section')].filter((s) => s.getBoundingClientRect().height < 40).length,
    })`);
    expect(seen.overflow).toBeLessThanOrEqual(0);
    expect(seen.hidden).toBe(0);
    expect(contrast(seen.text, seen.background)).toBeGreaterThan(7);
    await page.close();
  });

  test('a point of the front opens its panel, by a click and from the keyboard, without scripts', async () => {
    const context = await browser.newContext({ javaScriptEnabled: false });
    const page = await context.newPage();
    await page.goto(address);
    const points = page.locator('#front .chart.wide').first().locator('a');
    expect(await points.count()).toBeGreaterThan(0);
    // The last one lies above all others.
    const [top, other] = [points.last(), points.first()];
    const target = (await top.getAttribute('href'))!;
    const inside = page.locator(`${target} .inside`);
    expect(await inside.isVisible()).toBe(false);
    await top.click();
    expect(page.url()).toBe(`${address}${target}`);
    expect(await inside.isVisible()).toBe(true);
    await other.focus();
    await page.keyboard.press('Enter');
    expect(page.url()).toBe(`${address}${await other.getAttribute('href')}`);
    await context.close();
  });

  test('a click on a column sorts the trials by it, a second one the other way', async () => {
    const page = await browser.newPage();
    await page.goto(address);
    const column = (): Promise<string[]> =>
      page
        .locator('#trials tbody tr td:nth-child(3)')
        .evaluateAll((cells) => cells.map((c) => c.getAttribute('data-value') ?? ''));
    const button = page.locator('#trials th:nth-child(3) button');
    await button.click();
    const falling = await column();
    expect(falling.filter((v) => v !== '').map(Number)).toEqual(
      falling
        .filter((v) => v !== '')
        .map(Number)
        .sort((a, b) => b - a),
    );
    // Trials without a result stay at the end.
    expect(falling.indexOf('')).toBe(falling.filter((v) => v !== '').length);
    await button.click();
    expect((await column()).filter((v) => v !== '')).toEqual(falling.filter((v) => v !== '').reverse());
    await page.close();
  });
});

/** Contrast ratio of two `rgb(r, g, b)` colours (WCAG 2). */
function contrast(a: string, b: string): number {
  const luminance = (colour: string): number => {
    const [r, g, b] = [...colour.matchAll(/[\d.]+/g)].map(([text]) => {
      const channel = Number(text) / 255;
      return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
    }) as [number, number, number];
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}
