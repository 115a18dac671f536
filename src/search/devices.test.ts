import { expect, test } from 'vitest';
import { commandWithoutTokens } from './devices.ts';

test('a command line can be given to a shell again, but for the tokens of devices', () => {
  expect(
    commandWithoutTokens([
      'espalier',
      'search',
      "./Anna's images",
      '--device',
      'phone=http://127.0.0.1:8377/#SECRET,board=http://127.0.0.2:8377/#SECRET',
      '--max-latency',
      'phone=5ms',
    ]),
  ).toBe(
    `espalier search './Anna'\\''s images' --device phone=http://127.0.0.1:8377/,board=http://127.0.0.2:8377/ --max-latency phone=5ms`,
  );
});
