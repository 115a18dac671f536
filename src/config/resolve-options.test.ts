import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { EspalierError } from '../errors.ts';
import { loadSpace } from '../search/load-space.ts';
import { SearchOptions } from '../search/options.ts';
import { findConfigFile, readConfigFile } from './config-file.ts';
import { FIELDS, flagOf, nameOf } from './fields.ts';
import { resolveOptions } from './resolve-options.ts';
import type { SearchConfig } from './search-config.ts';

const folder = mkdtempSync(join(tmpdir(), 'espalier-config-'));
afterAll(() => rmSync(folder, { recursive: true }));

const fallbacks = { out: () => 'runs/x' };
let serial = 0;
function file(text: string, ending = 'yaml'): string {
  const path = join(folder, `config${++serial}.${ending}`);
  writeFileSync(path, text);
  return path;
}
const options = async (text: string, flags = {}, ending = 'yaml'): Promise<SearchOptions> =>
  resolveOptions(flags, await readConfigFile(file(text, ending)), fallbacks);

/** Message and hint of the error that `work` ends with. */
async function problem(work: () => unknown): Promise<string> {
  try {
    await work();
  } catch (error) {
    if (error instanceof EspalierError) return `${error.message} | ${error.hint}`;
    throw error;
  }
  return 'no error';
}

test('every option but the data has a flag and a key, and only options have', () => {
  const keys = Object.values(FIELDS).map((field) => field.key);
  expect(new Set([...keys, 'data'])).toEqual(new Set(Object.keys(SearchOptions.in.shape)));
  expect(new Set(keys).size).toBe(keys.length);
});

test('flags go before the file, the file before the defaults', async () => {
  const found = await options('data: drawn\ntime: 10m\nmaxLatency: 2ms\nworkers: 3\n', { time: '90s' });
  expect(found).toMatchObject({ data: 'drawn', timeSeconds: 90, maxLatencyMs: 2, workers: 3, threads: 1 });
});

test('what the type of a configuration allows is understood, and a typo is none of it', async () => {
  const values = {
    data: 'drawn',
    time: '10m',
    trials: 20,
    maxParams: '250k',
    maxLatency: { here: '2ms', phone: 5 },
    device: { phone: 'http://127.0.0.1:8377/#T' },
    objectives: ['valAccuracy', { 'latencyMs@phone': 'min' }],
    augmentation: { shift: 2, flip: false },
    flips: 'horizontal',
    proxy: ['synflow'],
    seed: 'lucky',
    int8: false,
  } satisfies SearchConfig;
  expect(await options(JSON.stringify(values), {}, 'json')).toMatchObject({
    timeSeconds: 600,
    maxParams: 250_000,
    maxLatencyMs: 2,
    maxDeviceLatencyMs: { phone: 5 },
    augmentation: { shift: 2, flip: false },
    proxies: ['synflow'],
  });
  // @ts-expect-error: the option is called trials
  const typo: SearchConfig = { trails: 3 };
  // @ts-expect-error: no such mirror images
  const flips: SearchConfig = { data: 'drawn', flips: 'horizontl' };
  for (const wrong of [typo, flips])
    expect(await problem(() => options(JSON.stringify(wrong), {}, 'json'))).toContain('Did you mean');
});

test('an augmentation that does not exist, or has no value, is told of with what there is', async () => {
  const given = (augmentation: string) =>
    problem(() => resolveOptions({ data: 'drawn', augmentation }, null, fallbacks));
  expect(await given('blur=1')).toMatch(
    /no option of that name \| There are flip, flipVertical, shift, .*mixup\./,
  );
  expect(await given('shift')).toMatch(/must be a number.*\| Write it with its value: shift=N\./);
});

test('all kinds of values from flags', () => {
  const flags = {
    data: 'drawn',
    objectives: 'valAccuracy,latencyMs,valLoss:minimise',
    augmentation: 'shift=4,flip=no,mixup=0.2',
    maxParams: '2M',
    maxMemory: '1MB',
    channels: '1',
    seed: 'lucky',
    flips: 'both',
  };
  expect(resolveOptions(flags, null, fallbacks)).toMatchObject({
    objectives: [
      { measure: 'valAccuracy', direction: 'maximise' },
      { measure: 'latencyMs', direction: 'minimise' },
      { measure: 'valLoss', direction: 'minimise' },
    ],
    augmentation: { shift: 4, flip: false, mixup: 0.2 },
    maxParams: 2_000_000,
    maxMemoryBytes: 1_048_576,
    channels: 1,
    seed: 'lucky',
    flips: 'both',
    out: 'runs/x',
  });
});

test('devices: addresses, bounds and objectives by name', async () => {
  const flags = {
    data: 'drawn',
    device: 'phone=http://127.0.0.1:8377/#a=b,gpu=http://127.0.0.1:8377/?provider=webgpu#a',
    maxLatency: '2ms,phone=500us',
    objectives: 'valAccuracy,latencyMs@gpu',
    int8: true as const,
  };
  const found = {
    devices: {
      phone: 'http://127.0.0.1:8377/#a=b',
      gpu: 'http://127.0.0.1:8377/?provider=webgpu#a',
    },
    maxLatencyMs: 2,
    maxDeviceLatencyMs: { phone: 0.5 },
    objectives: [
      { measure: 'int8ValAccuracy', direction: 'maximise' },
      { measure: 'int8LatencyMs@gpu', direction: 'minimise' },
    ],
  };
  expect(resolveOptions(flags, null, fallbacks)).toMatchObject(found);
  const yaml = [
    'data: drawn',
    'device:',
    '  phone: http://127.0.0.1:8377/#a=b',
    'maxLatency:',
    '  phone: 3',
    'objectives: latencyMs@phone',
  ].join('\n');
  expect(await options(yaml)).toMatchObject({
    devices: { phone: 'http://127.0.0.1:8377/#a=b' },
    maxLatencyMs: null,
    maxDeviceLatencyMs: { phone: 3 },
    objectives: [{ measure: 'latencyMs@phone', direction: 'minimise' }],
  });
});

test('sizes and memory: bounds here and on devices', async () => {
  const flags = {
    data: 'drawn',
    device: 'board=http://a/',
    maxSize: '500k',
    maxPeakMemory: '20MB,board=16MB',
    objectives: 'valAccuracy,peakMemoryBytes@board,peakMemoryBytes',
  };
  const found = {
    maxSizeBytes: 500 * 1024,
    maxPeakMemoryBytes: 20 * 2 ** 20,
    maxDevicePeakMemoryBytes: { board: 16 * 2 ** 20 },
  };
  expect(resolveOptions(flags, null, fallbacks)).toMatchObject(found);
  const yaml = 'data: drawn\ndevice: board=http://a/\nmaxSize: 500k\nmaxPeakMemory: 20MB,board=16MB\n';
  expect(await options(yaml)).toMatchObject(found);
  expect(() => resolveOptions({ ...flags, maxPeakMemory: 'tv=1MB' }, null, fallbacks)).toThrow(
    /--max-peak-memory: .*"tv"; the devices are board/,
  );
  expect(() => resolveOptions({ ...flags, maxSize: 'small' }, null, fallbacks)).toThrow(
    /"small" is not a size/,
  );
});

test.each([
  [{ objectives: 'latencyMs@phone' }, /--objectives: there is no device "phone"; name it with --device/],
  [{ maxLatency: 'tv=2ms', device: 'phone=http://a/' }, /--max-latency: .*"tv"; the devices are phone/],
  [{ device: 'here=http://a/' }, /--device: "here" is this machine/],
  [{ device: '9=http://a/' }, /--device.*a letter first/],
  [{ device: 'http://a/#secret' }, /"http:\/\/a\/" is not a device with its address/],
  [{ device: 'phone=ftp://a/' }, /not the address of a device/],
  [{ objectives: 'valLoss@phone', device: 'phone=http://a/' }, /no measure "valLoss@phone"/],
  [{ maxLatency: 'phone=fast', device: 'phone=http://a/' }, /"fast" is not a latency/],
])('devices that are not well given: %o', (flags, message) => {
  expect(() => resolveOptions({ data: 'drawn', ...flags }, null, fallbacks)).toThrow(message);
});

const measuresOf = (flags: Record<string, string | true>): string[] =>
  resolveOptions({ data: 'drawn', ...flags }, null, fallbacks).objectives.map(({ measure }) => measure);

test('in 8 bits, a measure is the one in 8 bits, unless both are asked for', () => {
  const objectives = (text: string) => measuresOf({ objectives: text, int8: true });
  expect(objectives('valAccuracy,latencyMs,params')).toEqual(['int8ValAccuracy', 'int8LatencyMs', 'params']);
  expect(objectives('valAccuracy,sizeBytes')).toEqual(['int8ValAccuracy', 'int8SizeBytes']);
  const both = ['valAccuracy', 'int8ValAccuracy', 'int8LatencyMs'];
  expect(objectives(both.join())).toEqual(both);
  expect(objectives('latencyMs,int8LatencyMs,valAccuracy')).toEqual([
    'latencyMs',
    'int8LatencyMs',
    'int8ValAccuracy',
  ]);
  expect(measuresOf({ objectives: 'valAccuracy,sizeBytes' })).toEqual(['valAccuracy', 'sizeBytes']);
});

test.each([
  [{ objectives: 'valAccuracy,valAccuracy' }, /--objectives: valAccuracy is there twice/],
  [{ objectives: 'valAccuracy,int8LatencyMs' }, /--objectives: int8LatencyMs is there only with --int8/],
  [{ objectives: 'testAccuracy' }, /--objectives: testAccuracy is known only of trained networks/],
  [{ objectives: 'int8TestAccuracy', int8: true as const }, /int8TestAccuracy is known only/],
  [{ maxDrop: '0.5' }, /--max-drop: .*without --int8/],
  [{ maxDrop: '-1', int8: true as const }, /--max-drop: /],
])('objectives and bounds that cannot be: %o', (flags, message) => {
  expect(() => measuresOf(flags)).toThrow(message);
});

test('an unknown measure in a list of a file is reported at its place', async () => {
  const text = 'data: drawn\nobjectives:\n  - { measure: speed, direction: maximise }\n';
  expect(await problem(() => options(text))).toContain(':3:5: objectives.0: There is no measure "speed"');
});

test('earlier runs, genomes and proxies, in flags and files', async () => {
  const flags = { data: 'drawn', warmFrom: 'runs/a,runs/b', startWith: 'best.json', proxy: 'synflow,naswot' };
  expect(resolveOptions(flags, null, fallbacks)).toMatchObject({
    warmFrom: ['runs/a', 'runs/b'],
    startWith: 'best.json',
    proxies: ['synflow', 'naswot'],
  });
  expect(() => resolveOptions({ data: 'drawn', proxy: 'sinflow' }, null, fallbacks)).toThrow(
    /--proxy.*must be one of synflow/,
  );
  const found = await options('data: drawn\nwarmFrom: [runs/a]\nstartWith: best.json\nproxy: [synflow]\n');
  expect(found).toMatchObject({
    warmFrom: [join(folder, 'runs/a')],
    startWith: join(folder, 'best.json'),
    proxies: ['synflow'],
  });
});

test('paths of a file are relative to its folder', async () => {
  const found = await options('data: ./images\nout: ../runs/a\nspace: ./space.ts\n');
  expect(found.data).toBe(join(folder, 'images'));
  expect(found.out).toBe(join(folder, '..', 'runs', 'a'));
  expect(found.space).toBe(join(folder, 'space.ts'));
  expect((await options('data: drawn\nspace: mobile\n')).space).toBe('mobile');
});

test.each([
  [
    'a mistyped key',
    'data: drawn\n\ntimee: 10m\n',
    ':3:1: timee: there is no option "timee" | Did you mean "time"?',
  ],
  [
    'a wrong value',
    'data: drawn\nflips: sideways\n',
    ':2:1: flips: must be one of none, horizontal, vertical, both',
  ],
  ['a wrong type', 'data: drawn\ntrials: many\n', ':2:1: trials: must be a number, not "many"'],
  ['a bad quantity', 'data: drawn\ntime: ten minutes\n', ':2:1: time: "ten minutes" is not a duration'],
  [
    'a nested mistake',
    'data: drawn\naugmentation:\n  flip: true\n  shfit: 4\n',
    ':4:3: augmentation.shfit: there is no option',
  ],
  ['YAML that is not well formed', 'data: drawn\nobjectives: [a,\n', ':3:1: '],
  ['a list instead of keys', '- data\n', ':1:1: the file is not a list of'],
])('%s is reported with its line', async (_, text, expected) => {
  expect(await problem(() => options(text))).toContain(expected);
});

test.each([
  ['a fraction', 'epochs: 1.5', 'epochs: must be a whole number, not 1.5'],
  ['a negative number', 'workers: -2', 'workers: must be more than 0, not -2'],
  ['what is no number', 'learningRate: .nan', 'learningRate: must be a number, not NaN'],
  ['too much', 'dataShare: 2', 'dataShare: must be at most 1, not 2'],
  ['a number of two', 'channels: 2', 'channels: must be one of 1, 3, not 2'],
  ['a flag with a text', 'int8: often', 'int8: must be true or false, not "often"'],
  ['a fraction as a seed', 'seed: 0.5', 'seed: must be a whole number, not 0.5'],
  ['a list where a map belongs', 'augmentation: [1]', 'augmentation: must be names with values, not [1]'],
  [
    'a wrong part of a map',
    'augmentation: { shift: 1.5 }',
    'augmentation.shift: must be a whole number, not 1.5',
  ],
  [
    'a strategy',
    'strategy: evolutoin',
    'strategy: There is no strategy "evolutoin" | Did you mean "evolution"?',
  ],
  ['a name that all objects have', 'strategy: constructor', 'strategy: There is no strategy "constructor"'],
  [
    'a space',
    'space: mobil',
    'space: There is no search space "mobil": no preset has that name | Did you mean "mobile"?',
  ],
  ['a space that all objects have', 'space: toString', 'space: There is no search space "toString"'],
  [
    'a measure',
    'objectives: valAcuracy',
    'objectives: There is no measure "valAcuracy" | Did you mean "valAccuracy"?',
  ],
  ['a measure that all objects have', 'objectives: [toString]', 'There is no measure "toString"'],
  [
    'a direction',
    'objectives: [{ params: down }]',
    'direction: must be one of maximise, minimise, not "down"',
  ],
  ['a latency of a map', 'maxLatency: { here: fast }', 'maxLatency.here: "fast" is not a latency'],
  ['a bound below nothing', 'maxLatency: { here: -1 }', 'maxLatency.here: must be more than 0, not -1'],
  ['an option', 'trails: 3', 'trails: there is no option "trails" | Did you mean "trials"?'],
  [
    'an option of an option',
    'augmentation: { shfit: 4 }',
    'there is no option of that name | Did you mean "shift"?',
  ],
])('%s that is wrong is told with its line, in YAML and in TypeScript', async (_, line, expected) => {
  const yaml = await problem(() => options(`data: drawn\n${line}\n`));
  expect(yaml).toContain(':2:');
  expect(yaml).toContain(expected);
  const literal = JSON.stringify(parse(line)).slice(1, -1).replace('null', 'Number.NaN');
  const typescript = await problem(() =>
    options(`export default {\n  data: 'drawn',\n  ${literal},\n};\n`, {}, 'ts'),
  );
  expect(typescript).toMatch(/\.ts:3:\d+: /);
  expect(typescript).toContain(expected);
});

test('the place of a part of a list or map is its own', async () => {
  const text = 'data: drawn\nobjectives:\n  - valAccuracy\n  - latency\nmaxLatency:\n  here: 2ms\n';
  expect(await problem(() => options(text))).toContain(':4:5: objectives.1: There is no measure "latency"');
  const nested =
    "export default {\n  data: 'drawn',\n  augmentation: {\n    flip: true,\n    shift: 1.5,\n  },\n};\n";
  expect(await problem(() => options(nested, {}, 'ts'))).toContain('.ts:5:5: augmentation.shift: ');
});

test('objectives as a list of texts or maps, bounds by device with units', async () => {
  const both = [
    { measure: 'valAccuracy', direction: 'maximise' },
    { measure: 'params', direction: 'minimise' },
  ];
  for (const objectives of [
    'valAccuracy,params',
    '[valAccuracy, params]',
    '[valAccuracy, params:min]',
    '[valAccuracy: max, params: min]',
    '{ valAccuracy: max, params: minimise }',
    '[valAccuracy, { measure: params }]',
    '[{ measure: valAccuracy, direction: maximise }, { measure: params, direction: min }]',
  ])
    expect((await options(`data: drawn\nobjectives: ${objectives}\n`)).objectives).toEqual(both);
  expect(
    await options('data: drawn\nmaxLatency: { here: 2ms, phone: 500us }\ndevice: [phone=http://a/]\n'),
  ).toMatchObject({ maxLatencyMs: 2, maxDeviceLatencyMs: { phone: 0.5 } });
  expect((await options('data: drawn\naugmentation: { flip: no, shift: 2 }\n')).augmentation).toEqual({
    flip: false,
    shift: 2,
  });
});

test('mistakes in JSON are reported with their line', async () => {
  expect(await problem(() => options('{\n  "data": "drawn",\n  "workers": 0\n}', {}, 'json'))).toContain(
    ':3:3: workers: ',
  );
});

test('mistakes in flags name the flag', async () => {
  expect(await problem(() => resolveOptions({ data: 'x', maxLatency: 'fast' }, null, fallbacks))).toContain(
    '--max-latency: "fast" is not a latency',
  );
  expect(
    await problem(() => resolveOptions({ data: 'x', trialTimeout: '1m', threads: '0' }, null, fallbacks)),
  ).toContain('--threads: ');
  expect(await problem(() => resolveOptions({}, null, fallbacks))).toContain('No data given');
});

test('a TypeScript file carries a space, which is found again by the path of the file', async () => {
  const root = new URL('..', import.meta.url).href;
  const path = file(
    `import { networkBuilder } from '${root}network/builder.ts';
import { oneOf, struct } from '${root}space/choice.ts';
import { defineSpace } from '${root}space/define-space.ts';
const space = defineSpace({
  name: 'own', description: 'x', choices: struct({ width: oneOf([8, 16]) }),
  build: ({ width }, io) => { const b = networkBuilder(io.inputShape); return b.build([b.linear(b.flatten(b.globalAveragePool(b.conv(b.input, { out: width, kernel: 3 }))), { out: io.outputs })]); },
});
export default { data: 'drawn', time: '1m' as string, space };
`,
    'ts',
  );
  const found = resolveOptions({}, await readConfigFile(path), fallbacks);
  expect(found).toMatchObject({ data: 'drawn', timeSeconds: 60, space: path });
  expect((await loadSpace(found.space)).name).toBe('own');
});

test('a module that throws, or is not there, is reported', async () => {
  expect(await problem(() => readConfigFile(file('throw new Error("out of luck");', 'ts')))).toContain(
    'out of luck',
  );
  expect(await problem(() => readConfigFile(file('export default 5;', 'ts')))).toContain('not an object');
  const folders = { 'no package': {}, 'a package of modules': { type: 'module' } };
  // The test runner has its own idea of a stack: lines of modules are mapped by tsx only where it is not running.
  for (const [name, manifest] of Object.entries(folders)) {
    const own = join(folder, name);
    mkdirSync(own);
    writeFileSync(join(own, 'package.json'), JSON.stringify(manifest));
    const told = async (text: string): Promise<string> => {
      const path = join(own, `config${++serial}.ts`);
      writeFileSync(path, text);
      return problem(() => readConfigFile(path));
    };
    expect(await told("export default {\n  time: '1m' };;\n\n  out: 5m };")).toMatch(
      /config\d+\.ts:4:9: Syntax error "m" \| /,
    );
    expect(
      await told(
        'const text: string = "out of";\nfunction fall(): never {\n  throw new Error(text + " luck");\n}\nexport default fall();',
      ),
    ).toMatch(name === 'no package' ? /config\d+\.ts:3:9: out of luck \| / : /\.ts:\d+:\d+: out of luck \| /);
    expect(await told("\nimport { a } from './nowhere.ts';\nexport default { a };")).toMatch(
      /config\d+\.ts:2:1: Cannot find module '.*nowhere\.ts/,
    );
  }
  expect(await problem(() => loadSpace('./nowhere.ts'))).toContain('there is no such file');
  expect(await problem(() => loadSpace('mobil'))).toContain('There is no search space "mobil"');
});

test('the configuration file of a folder is found by its name', () => {
  expect(findConfigFile(folder)).toBeNull();
  const path = join(folder, 'espalier.config.yaml');
  writeFileSync(path, 'data: drawn\n');
  expect(findConfigFile(folder)).toBe(path);
});

test('names as people write them', () => {
  expect(flagOf('maxLatency')).toBe('--max-latency');
  expect(nameOf('timeSeconds')).toBe('time');
});
