/**
 * A device behind an address: describes itself and takes models, one at a time; a page's questions are answered here too.
 *
 * Who may ask: whoever knows the token. Without one only loopback is served, and only to clients that name it as such, so
 * that no web page can reach it through a name of its own; what takes a model wants a content type that browsers send
 * nowhere without asking.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { MODEL_TYPE, ROUTES } from '../device/remote/contract.ts';
import { type DeviceProblem, MeasureParameters, mistakeOf } from '../device/remote/wire.ts';
import { fail } from '../errors.ts';
import { isProblem, type Measurer } from './measurer.ts';
import { answerPage, type Page } from './page-routes.ts';
import { readBody } from './read-body.ts';
import { HttpProblem, sendJson, sendProblem } from './responses.ts';
import { authorised } from './token.ts';
import { createTurns } from './turns.ts';

export interface DeviceServerOptions {
  readonly measurer: Measurer;
  /** There when a page measures. */
  readonly page?: Page;
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  /** Null: everybody on this machine. */
  readonly token: string | null;
  readonly maxModelBytes: number;
  /** Certificate and key in PEM: https instead of http. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** A line for each measurement. */
  readonly onMeasured?: (line: string) => void;
}

export interface DeviceServer {
  /** `http://host:port` */
  readonly origin: string;
  close(): Promise<void>;
}

/** Measurements that may wait for their turn. */
const MOST_WAITING = 32;
const HEADERS_TIMEOUT_MS = 10_000;
/** A model must have arrived by then. */
const REQUEST_TIMEOUT_MS = 120_000;
const MAX_CONNECTIONS = 128;

export const isLoopback = (host: string): boolean => /^(localhost|127(\.\d+){3}|\[?::1\]?)$/.test(host);

/** @throws DEVICE_SERVE beyond loopback without a token, or when the port cannot be had */
export async function startDeviceServer(options: DeviceServerOptions): Promise<DeviceServer> {
  const { host, port, token, tls, measurer } = options;
  const where = `${host}:${port}`;
  if (token === null && !isLoopback(host))
    fail('DEVICE_SERVE', {
      where,
      reason: 'beyond this machine a token is needed',
      hint: 'Give --token, or leave both --token and --no-token away to have one made.',
    });
  const turns = createTurns(MOST_WAITING);
  const stopping = new AbortController();
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    answer(request, response, options, turns, stopping.signal).catch((error: unknown) =>
      sendProblem(response, error),
    );
  };
  const server = tls === undefined ? createServer(handle) : createTlsServer(tls, handle);
  server.headersTimeout = HEADERS_TIMEOUT_MS;
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  server.maxConnections = MAX_CONNECTIONS;
  await listen(server, host, port, where);
  const address = server.address() as AddressInfo;
  const name = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
  return {
    origin: `${tls === undefined ? 'http' : 'https'}://${name}:${address.port}`,
    close: async () => {
      stopping.abort(new Error('the server is closed'));
      const closed = new Promise((resolve) => server.close(resolve));
      await measurer.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

const listen = (server: Server, host: string, port: number, where: string): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('listening', resolve);
    server.once('error', (cause: NodeJS.ErrnoException) => {
      try {
        fail(
          'DEVICE_SERVE',
          {
            where,
            reason: cause.code === 'EADDRINUSE' ? 'another program uses that port' : cause.message,
            hint: 'Choose another --port or --host.',
          },
          cause,
        );
      } catch (error) {
        reject(error);
      }
    });
    server.listen(port, host.replace(/^\[|\]$/g, ''));
  });

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  options: DeviceServerOptions,
  turns: ReturnType<typeof createTurns>,
  stopping: AbortSignal,
): Promise<void> {
  const { token, page } = options;
  const url = new URL(request.url ?? '/', 'http://device');
  if (token === null) checkHost(request);
  // The page's files hold no secret: its token is in the fragment of the link, which no browser sends.
  if (page !== undefined && request.method === 'GET') {
    const file = await page.find(url.pathname);
    if (file !== null) {
      response.writeHead(200, {
        ...PAGE_HEADERS,
        'content-type': file.type,
        'content-length': file.bytes.byteLength,
      });
      response.end(file.bytes);
      return;
    }
  }
  if (token !== null && !authorised(request.headers.authorization, token))
    throw new HttpProblem(401, 'UNAUTHORISED', 'The token is missing or wrong', 'Send it as a bearer token.');
  if (page !== undefined && (await answerPage(request, response, url, page.measurer))) return;
  if (url.pathname === ROUTES.device) {
    expectMethod(request, 'GET');
    const found = options.measurer.describe();
    return sendJson(response, isProblem(found) ? statusOf(found) : 200, found);
  }
  if (url.pathname === ROUTES.measurements) {
    expectMethod(request, 'POST');
    return measure(request, response, url, options, turns, stopping);
  }
  throw new HttpProblem(404, 'NOT_FOUND', `There is nothing at ${url.pathname}`, `Ask ${ROUTES.device}.`);
}

/** Isolated, so that the engine may use threads and a fine clock; nothing from elsewhere. */
const PAGE_HEADERS = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
  'cross-origin-resource-policy': 'same-origin',
  'content-security-policy':
    "default-src 'self'; script-src 'self' 'wasm-unsafe-eval' blob:; worker-src 'self' blob:; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-cache',
} as const;

/** A web page whose name is made to point here still says that name. */
function checkHost({ headers }: IncomingMessage): void {
  const name = (headers.host ?? '').replace(/:\d+$/, '');
  if (!isLoopback(name))
    throw new HttpProblem(
      403,
      'FORBIDDEN',
      `This device does not answer to the name ${name}`,
      'Use 127.0.0.1.',
    );
}

function expectMethod({ method }: IncomingMessage, expected: string): void {
  if (method !== expected)
    throw new HttpProblem(405, 'METHOD', `${method} is not for this address`, `Use ${expected}.`);
}

async function measure(
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
  { measurer, maxModelBytes, onMeasured }: DeviceServerOptions,
  turns: ReturnType<typeof createTurns>,
  stopping: AbortSignal,
): Promise<void> {
  const type = request.headers['content-type'];
  if (type !== MODEL_TYPE)
    throw new HttpProblem(
      415,
      'CONTENT_TYPE',
      `A model is not sent as ${type ?? 'nothing'}`,
      `Use ${MODEL_TYPE}.`,
    );
  const parameters = readParameters(url);
  const model = await readBody(request, maxModelBytes);
  if (model === null)
    throw new HttpProblem(
      413,
      'TOO_LARGE',
      `The model is larger than ${maxModelBytes} bytes`,
      'Start the device with a larger --max-model.',
    );
  if (model.byteLength === 0)
    throw new HttpProblem(400, 'EMPTY', 'The request has no model', 'Send the bytes of an ONNX file.');
  // Whoever went away is not measured for.
  const left = new AbortController();
  response.on('close', () => left.abort(new Error('the client went away')));
  const signal = AbortSignal.any([left.signal, stopping]);
  const found = await turns.take(signal, () => measurer.measure(model, parameters, signal));
  if (found === null)
    throw new HttpProblem(429, 'BUSY', 'Too many models are waiting', 'Ask again in a few seconds.');
  onMeasured?.(
    isProblem(found)
      ? `${model.byteLength} bytes: ${found.error.message}`
      : `${model.byteLength} bytes: ${found.p50Ms.toPrecision(3)} ms${found.trusted ? '' : ` (${found.doubts.join('; ')})`}`,
  );
  sendJson(response, isProblem(found) ? statusOf(found) : 200, found);
}

function readParameters(url: URL): MeasureParameters {
  let given: unknown;
  try {
    given = JSON.parse(url.searchParams.get('parameters') ?? '{}');
  } catch {
    given = null;
  }
  const parsed = MeasureParameters.safeParse(given);
  if (parsed.success) return parsed.data;
  throw new HttpProblem(
    400,
    'PARAMETERS',
    `The parameters are not well formed: ${mistakeOf(parsed.error)}`,
    'Use the same version of Espalier on both sides.',
  );
}

const STATUS: Readonly<Record<string, number>> = {
  MODEL_LOAD: 422,
  MODEL_INPUT: 422,
  DEVICE_REFUSED: 400,
  DEVICE_UNREACHABLE: 503,
  DEVICE_ANSWER: 502,
};

const statusOf = ({ error }: DeviceProblem): number => STATUS[error.code] ?? 502;
