/** What `device serve` and `device page` have in common: where they listen, who may ask, how they end. */
import { readFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import type { Command } from 'commander';
import { fail } from '../../errors.ts';
import { parseBytes } from '../../search/quantity.ts';
import type { DeviceServerOptions } from '../../server/device-server.ts';

export interface ServeFlags {
  readonly host: string;
  readonly port: string;
  /** False: --no-token. */
  readonly token: string | boolean;
  readonly maxModel: string;
  readonly cert?: string;
  readonly key?: string;
  readonly json?: boolean;
}

const DEFAULT_PORT = '8377';

export const addServeFlags = (command: Command): Command =>
  command
    .option('--host <address>', 'address to listen on; 0.0.0.0 for the whole network', '127.0.0.1')
    .option('--port <n>', 'port to listen on; 0 for any that is free', DEFAULT_PORT)
    .option(
      '--token <text>',
      'secret that clients must know; else that of ESPALIER_DEVICE_TOKEN, else a new one is made',
    )
    .option('--no-token', 'let everybody on this machine ask; on loopback only')
    .option('--max-model <size>', 'largest model that is taken', '256MB')
    .option('--cert <file>', 'certificate in PEM, for https (with --key)')
    .option('--key <file>', 'its private key in PEM')
    .option('--json', 'one JSON event a line');

/** @throws USAGE, QUANTITY */
export async function readServeFlags(
  flags: ServeFlags,
): Promise<Omit<DeviceServerOptions, 'measurer' | 'page' | 'onMeasured'>> {
  const port = Number(flags.port);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    fail('USAGE', { what: `--port ${flags.port}: not a port`, hint: 'Write a number from 0 to 65535.' });
  const { cert, key, host } = flags;
  if ((cert === undefined) !== (key === undefined))
    fail('USAGE', {
      what: 'https needs both --cert and --key',
      hint: 'Give both files in PEM, or neither.',
    });
  const { createToken } = await import('../../server/token.ts');
  const given = typeof flags.token === 'string' ? flags.token : process.env.ESPALIER_DEVICE_TOKEN;
  return {
    host,
    port,
    token: flags.token === false ? null : given || createToken(),
    maxModelBytes: parseBytes(flags.maxModel),
    ...(cert !== undefined &&
      key !== undefined && { tls: { cert: await readPem(cert), key: await readPem(key) } }),
  };
}

const readPem = (path: string): Promise<string> =>
  readFile(path, 'utf8').catch((cause: Error) =>
    fail('USAGE', { what: `Cannot read ${path}: ${cause.message}`, hint: 'Give a file in PEM.' }, cause),
  );

/** The addresses under which others can reach it: with its token, as clients take them. */
export function addressesOf(origin: string, host: string, token: string | null): string[] {
  const fragment = token === null ? '' : `#${encodeURIComponent(token)}`;
  const { protocol, port } = new URL(origin);
  if (host !== '0.0.0.0' && host !== '::') return [`${origin}/${fragment}`];
  const outside = Object.values(networkInterfaces()).flatMap((entries) =>
    (entries ?? [])
      .filter(({ internal, family }) => !internal && family === 'IPv4')
      .map(({ address }) => address),
  );
  return [...outside, '127.0.0.1'].map((name) => `${protocol}//${name}:${port}/${fragment}`);
}

/** Until Ctrl-C. */
export const untilAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
