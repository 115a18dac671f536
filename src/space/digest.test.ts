import { expect, test } from 'vitest';
import { networkBuilder } from '../network/builder.ts';
import { oneOf, struct } from './choice.ts';
import { defineSpace } from './define-space.ts';
import { spaceDigest } from './digest.ts';
import type { SearchSpace } from './space.ts';

const io = { inputShape: [1, 8, 8], outputs: 3 } as const;

/** Spaces of one name; what differs is what their author may have edited. */
function plain({
  widths = [8, 16],
  stride = 2,
  description = 'A layer.',
}: {
  readonly widths?: readonly number[];
  readonly stride?: number;
  readonly description?: string;
}): SearchSpace {
  return defineSpace({
    name: 'plain',
    description,
    choices: struct({ width: oneOf(widths), kernel: oneOf([3, 5]) }),
    build: ({ width, kernel }, { inputShape, outputs }) => {
      const b = networkBuilder(inputShape);
      // Only one of the choices is affected.
      const x = b.conv(b.input, { out: width, kernel, stride: kernel === 5 ? stride : 2 });
      return b.build([b.linear(b.flatten(b.globalAveragePool(x)), { out: outputs })]);
    },
  });
}

test('equal for what builds the same, whatever it is said to be', () => {
  expect(spaceDigest(plain({}), io)).toBe(spaceDigest(plain({ description: 'One layer.' }), io));
});

test('another for other choices, and for a build function that was edited', () => {
  const digests = [plain({}), plain({ widths: [8, 32] }), plain({ stride: 1 })].map((s) =>
    spaceDigest(s, io),
  );
  expect(new Set(digests).size).toBe(3);
});

test('genomes that cannot be built are part of a space', () => {
  const none: SearchSpace = {
    ...plain({}),
    build: () => {
      throw new Error('too small');
    },
  };
  expect(spaceDigest(none, io)).toMatch(/^[0-9a-f]{64}$/);
  expect(spaceDigest(none, io)).not.toBe(spaceDigest(plain({}), io));
});
