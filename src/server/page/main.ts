/** The script of the page: introduces the browser, asks for models, measures them, posts what came out. */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { measureSession, timingDoubts } from '../../device/measure-session.ts';
import { answerOf } from '../../device/remote/answer.ts';
import { DEVICE_PROTOCOL, ROUTES } from '../../device/remote/contract.ts';
import type {
  DeviceDescription,
  DeviceMeasurement,
  DeviceProblem,
  MeasureParameters,
} from '../../device/remote/wire.ts';
import { EspalierError } from '../../errors.ts';
import {
  formerSession,
  hasWebGpu,
  isHidden,
  keepAwake,
  keepSession,
  MOST_THREADS,
  onHidden,
  onLeave,
  reload,
  showFacts,
  showLine,
  showState,
  token,
  userAgent,
} from './browser.ts';
import { BUILDS, type Provider, threadsOf, webEngine } from './web-engine.ts';

/** Put in by the bundler. */
declare const ESPALIER_VERSION: string;
declare const ORT_VERSION: string;

const RETRY_MS = 2000;

/** What the server says to a page that introduces itself: its session, or why it is not wanted. */
interface Greeting extends Partial<DeviceProblem> {
  readonly session?: string;
}

const ask = (path: string, init: RequestInit = {}): Promise<Response> =>
  fetch(path, { ...init, headers: { ...init.headers, authorization: `Bearer ${token}` } });

const post = (path: string, body: object): Promise<Response> =>
  ask(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function describe(): Promise<DeviceDescription> {
  return {
    protocol: DEVICE_PROTOCOL,
    version: ESPALIER_VERSION,
    device: userAgent,
    runtime: `onnxruntime-web ${ORT_VERSION}`,
    providers: (await hasWebGpu()) ? ['wasm', 'webgpu'] : ['wasm'],
    threads: MOST_THREADS,
    // The server knows the limit.
    maxModelBytes: 2 ** 31 - 1,
    memory: false,
  };
}

/** How often the page went out of sight. */
let timesHidden = 0;
onHidden(() => {
  timesHidden++;
});

const isProvider = (name: string): name is Provider => Object.hasOwn(BUILDS, name);

const providerFor = ({ provider }: MeasureParameters): Provider =>
  provider !== undefined && isProvider(provider) ? provider : 'wasm';
const threadsFor = ({ threads }: MeasureParameters): number => Math.min(threads, MOST_THREADS);

/** The engine has begun with another number of threads, and only a fresh page can have that many. */
function needsFreshPage(parameters: MeasureParameters): boolean {
  const running = threadsOf(providerFor(parameters));
  return running !== null && running !== threadsFor(parameters);
}

const FRESH: DeviceProblem = {
  error: {
    code: 'DEVICE_UNREACHABLE',
    message: 'the page is loaded anew for another number of threads',
    hint: 'Ask again in a second.',
  },
};

async function measure(
  description: DeviceDescription,
  model: Uint8Array,
  parameters: MeasureParameters,
): Promise<DeviceMeasurement> {
  const { maxSeconds, maxMs, shapes } = parameters;
  const provider = providerFor(parameters);
  const threads = threadsFor(parameters);
  const engine = await webEngine(provider, threads);
  const hiddenBefore = timesHidden;
  const beganHidden = isHidden();
  const measured = await measureSession(engine, model, {
    maxSeconds,
    ...(maxMs !== undefined && { maxMs }),
    shapes: new Map(Object.entries(shapes)),
  });
  return answerOf({
    description,
    modelDigest: bytesToHex(sha256(model)),
    modelBytes: model.byteLength,
    measured,
    provider,
    threads,
    memory: null,
    doubts: [
      ...timingDoubts(measured),
      ...(beganHidden || timesHidden > hiddenBefore ? ['the page was not in front'] : []),
      ...(threads < parameters.threads
        ? [`${parameters.threads} threads were asked for, there are ${threads}`]
        : []),
    ],
    outputs: parameters.outputs ? measured.outputs : null,
  });
}

const problemOf = (error: unknown): DeviceProblem =>
  error instanceof EspalierError
    ? { error: { code: error.code, message: error.message, hint: error.hint } }
    : {
        error: {
          code: 'DEVICE_ANSWER',
          message: `the page failed: ${error instanceof Error ? error.message : String(error)}`.slice(
            0,
            1900,
          ),
          hint: 'Load the page anew.',
        },
      };

/** After a trap the engine's memory is not to be trusted. */
const isTrap = (error: unknown): boolean => {
  const cause = error instanceof EspalierError ? error.cause : error;
  return cause instanceof Error && /abort|memory|unreachable/i.test(cause.message);
};

async function work(description: DeviceDescription, session: string): Promise<void> {
  for (;;) {
    showState('Ready. Waiting for a model.');
    const response = await ask(`${ROUTES.next}?session=${session}`);
    if (response.status === 204) continue;
    if (!response.ok) throw new Error((await response.text()).slice(0, 300));
    const job = response.headers.get('x-job') ?? '';
    const parameters: MeasureParameters = JSON.parse(
      decodeURIComponent(response.headers.get('x-parameters') ?? '%7B%7D'),
    );
    const model = new Uint8Array(await response.arrayBuffer());
    showState(`Measuring a model of ${Math.round(model.byteLength / 1024)} KB…`);
    await keepAwake();
    // Lets the text appear: inference keeps the page busy.
    await sleep(30);
    const to = `${ROUTES.result}?session=${session}&job=${job}`;
    if (needsFreshPage(parameters)) {
      await post(to, FRESH);
      reload();
      return;
    }
    try {
      const found = await measure(description, model, parameters);
      await post(to, found);
      showLine(
        `${found.p50Ms.toPrecision(3)} ms (${found.lowMs.toPrecision(3)} to ${found.highMs.toPrecision(3)}), ` +
          `${found.provider}, ${found.threads} thread${found.threads === 1 ? '' : 's'}` +
          (found.trusted ? '' : ` – ${found.doubts.join('; ')}`),
      );
    } catch (error) {
      await post(to, problemOf(error));
      showLine(`A model could not be measured: ${error instanceof Error ? error.message : String(error)}`);
      if (isTrap(error)) reload();
    }
  }
}

async function run(): Promise<void> {
  const description = await describe();
  showFacts([
    ['browser', description.device],
    ['engine', description.runtime],
    ['providers', description.providers.join(', ')],
    ['threads', String(description.threads)],
  ]);
  for (;;) {
    try {
      const response = await post(ROUTES.hello, { description, previous: formerSession() });
      const answer = (await response.json()) as Greeting;
      if (answer.session === undefined) {
        showState(
          `${answer.error?.message ?? 'The server does not want this page'}. ${answer.error?.hint ?? ''}`,
        );
      } else {
        const { session } = answer;
        keepSession(session);
        await work(description, session);
      }
    } catch (error) {
      showState(
        `The server does not answer; trying again. (${error instanceof Error ? error.message : String(error)})`,
      );
    }
    await sleep(RETRY_MS);
  }
}

onLeave(() => {
  const session = formerSession();
  if (session !== null) void ask(`${ROUTES.bye}?session=${session}`, { method: 'POST', keepalive: true });
});

if (token === '')
  showState('The link is not whole: it must end with # and the token, as the terminal shows it.');
else void run();
