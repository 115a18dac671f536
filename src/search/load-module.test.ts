import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadStrategy } from './find-strategy.ts';

const ROOT = mkdtempSync(join(tmpdir(), 'espalier-modules-'));
afterAll(() => rmSync(ROOT, { recursive: true, force: true }));

const SOURCE = `
const width: number = await Promise.resolve(3);
export default { name: 'awaits', description: \`\${width}\`, suggest: () => null };
`;

beforeAll(() => {
  for (const type of ['commonjs', 'module']) {
    mkdirSync(join(ROOT, type));
    writeFileSync(join(ROOT, type, 'package.json'), JSON.stringify({ type }));
    writeFileSync(join(ROOT, type, 'mine.ts'), SOURCE);
  }
  writeFileSync(join(ROOT, 'commonjs', 'mine.mts'), SOURCE);
  writeFileSync(join(ROOT, 'commonjs', 'uses.ts'), `import mine from './mine.ts';\nexport default mine;\n`);
});

test('a module that awaits outside of a function where it is CommonJS: the way out is named', async () => {
  const path = join(ROOT, 'commonjs', 'mine.ts');
  await expect(loadStrategy(path)).rejects.toMatchObject({
    code: 'MODULE_LOAD',
    message: `Cannot load ${path}:2:23: it awaits outside of a function, which only ES modules can, and in this folder it is CommonJS`,
    hint: 'Name it mine.mts, or write "type": "module" into the package.json of its folder.',
  });
  // Also where it is imported by the module that was asked for.
  await expect(loadStrategy(join(ROOT, 'commonjs', 'uses.ts'))).rejects.toMatchObject({
    message: expect.stringContaining('mine.ts'),
    hint: expect.stringContaining('mine.mts'),
  });
});

test('the ways out work', async () => {
  for (const path of ['commonjs/mine.mts', 'module/mine.ts'])
    expect(await loadStrategy(join(ROOT, path))).toMatchObject({ name: 'awaits', description: '3' });
});
