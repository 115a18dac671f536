/** A device behind an address: `espalier device serve` on another machine, or a browser through `espalier device page`. */
import { createHash } from 'node:crypto';
import type { z } from 'zod';
import { type ErrorCode, EspalierError, fail } from '../../errors.ts';
import { parseDeviceAddress, withoutToken } from './address.ts';
import { DEVICE_PROTOCOL, MODEL_TYPE, ROUTES } from './contract.ts';
import type { Device } from './device.ts';
import { DeviceDescription, DeviceMeasurement, DeviceProblem, MeasureParameters, mistakeOf } from './wire.ts';

export interface HttpDeviceOptions {
  /** Seconds after which a question counts as not answered; that for a measurement has its own time on top. 120 by default. */
  readonly answerSeconds?: number;
}

/** An answer is a few kilobytes; one with outputs may be more. */
const MAX_ANSWER_BYTES = 64 * 2 ** 10;
const MAX_ANSWER_WITH_OUTPUTS_BYTES = 4 * 2 ** 20;

interface Question {
  readonly path: string;
  readonly body?: Uint8Array;
  readonly seconds: number;
  readonly maxBytes: number;
  readonly signal: AbortSignal | undefined;
}

/** @param address as parseDeviceAddress takes it @throws USAGE when that is none */
export function httpDevice(address: string, { answerSeconds = 120 }: HttpDeviceOptions = {}): Device {
  const { origin, token, provider } = parseDeviceAddress(address);
  const shown = withoutToken(address);
  let description: DeviceDescription | null = null;

  const ask = async ({ path, body, seconds, maxBytes, signal }: Question): Promise<unknown> => {
    const limit = AbortSignal.timeout(Math.ceil(seconds * 1000));
    try {
      const response = await fetch(`${origin}${path}`, {
        method: body === undefined ? 'GET' : 'POST',
        redirect: 'error',
        signal: signal === undefined ? limit : AbortSignal.any([signal, limit]),
        headers: {
          ...(token !== null && { authorization: `Bearer ${token}` }),
          ...(body !== undefined && { 'content-type': MODEL_TYPE }),
        },
        ...(body !== undefined && { body: new Uint8Array(body) }),
      });
      const text = await readText(response, maxBytes, shown);
      return response.ok ? parseJson(text, shown) : refuse(response.status, text, shown);
    } catch (cause) {
      signal?.throwIfAborted();
      if (cause instanceof EspalierError) throw cause;
      const reason = limit.aborted ? `there was no answer within ${seconds} s` : networkReason(cause);
      return fail('DEVICE_UNREACHABLE', { device: shown, reason }, cause);
    }
  };

  const describe = async (signal?: AbortSignal): Promise<DeviceDescription> => {
    const question = { path: ROUTES.device, seconds: answerSeconds, maxBytes: MAX_ANSWER_BYTES, signal };
    const answer = await ask(question);
    const protocol = protocolOf(answer);
    if (protocol !== null && protocol !== DEVICE_PROTOCOL)
      fail('DEVICE_REFUSED', {
        device: shown,
        reason: `it speaks version ${protocol} of the protocol, this Espalier version ${DEVICE_PROTOCOL}`,
        hint: 'Install the same version of Espalier on both sides.',
      });
    description = checked(DeviceDescription, answer, shown);
    return description;
  };

  const measure: Device['measure'] = async (model, { signal, ...given }) => {
    const parameters = MeasureParameters.parse({
      ...given,
      provider: given.provider ?? provider ?? undefined,
    });
    const said = description ?? (await describe(signal));
    if (model.byteLength > said.maxModelBytes)
      fail('DEVICE_MODEL', {
        device: shown,
        reason: `the model has ${model.byteLength} bytes, it takes ${said.maxModelBytes}`,
        hint: 'Start the device with a larger --max-model.',
      });
    const answer = await ask({
      path: `${ROUTES.measurements}?${new URLSearchParams({ parameters: JSON.stringify(parameters) })}`,
      body: model,
      seconds: answerSeconds + 4 * parameters.maxSeconds,
      maxBytes: parameters.outputs ? MAX_ANSWER_WITH_OUTPUTS_BYTES : MAX_ANSWER_BYTES,
      signal,
    });
    const found = checked(DeviceMeasurement, answer, shown);
    const lie = contradiction(found, said, model, parameters);
    if (lie !== null) {
      // Perhaps another program answers there by now: it may introduce itself before the next measurement.
      description = null;
      fail('DEVICE_ANSWER', { device: shown, reason: lie });
    }
    return found;
  };

  return { describe, measure, close: async () => undefined };
}

/** What in a well-formed answer cannot be true, or null. */
function contradiction(
  found: DeviceMeasurement,
  said: DeviceDescription,
  model: Uint8Array,
  asked: MeasureParameters,
): string | null {
  const digest = createHash('sha256').update(model).digest('hex');
  if (found.modelDigest !== digest) return 'it measured another model than the one that was sent';
  if (found.modelBytes !== model.byteLength)
    return `it says that the model has ${found.modelBytes} bytes, which are ${model.byteLength}`;
  for (const key of ['version', 'runtime', 'device'] as const)
    if (found[key] !== said[key])
      return `it introduced itself with ${key} "${said[key]}" and measured with "${found[key]}"`;
  const provider = asked.provider ?? said.providers[0];
  if (found.provider !== provider) return `it measured with ${found.provider}, not with ${provider}`;
  if (found.threads > asked.threads)
    return `it measured with ${found.threads} threads, ${asked.threads} were asked for`;
  return null;
}

function checked<T>(schema: z.ZodType<T>, answer: unknown, device: string): T {
  const parsed = schema.safeParse(answer);
  return parsed.success ? parsed.data : fail('DEVICE_ANSWER', { device, reason: mistakeOf(parsed.error) });
}

function protocolOf(answer: unknown): number | null {
  if (typeof answer !== 'object' || answer === null || !('protocol' in answer)) return null;
  return typeof answer.protocol === 'number' ? answer.protocol : null;
}

function parseJson(text: string, device: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    return fail('DEVICE_ANSWER', { device, reason: 'it is not JSON' }, cause);
  }
}

/** The body, as long as it is not too large. */
async function readText(response: Response, maxBytes: number, device: string): Promise<string> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of response.body ?? []) {
    size += part.byteLength;
    // Leaving the loop closes the connection.
    if (size > maxBytes) fail('DEVICE_ANSWER', { device, reason: `it is larger than ${maxBytes} bytes` });
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

/** Troubles of the model itself keep their code: it would fare no better on another try. */
const OF_THE_MODEL: ReadonlySet<string> = new Set<ErrorCode>(['MODEL_LOAD', 'MODEL_INPUT']);

function refuse(status: number, text: string, device: string): never {
  let problem: DeviceProblem['error'] | null = null;
  try {
    problem = DeviceProblem.parse(JSON.parse(text)).error;
  } catch {
    // Not one of ours: a proxy, or another program on that port. The status must do.
  }
  const reason = problem?.message ?? `it answers with HTTP status ${status}`;
  const hint = problem?.hint ?? 'Check that the address is the one that the device printed.';
  if (status === 413 || (problem !== null && OF_THE_MODEL.has(problem.code)))
    fail('DEVICE_MODEL', { device, reason, hint });
  if (status === 401)
    fail('DEVICE_REFUSED', {
      device,
      reason: 'the token is missing or wrong',
      hint: 'Give the address with the token that the device printed: http://host:port/#TOKEN.',
    });
  if (status === 429 || status === 503) fail('DEVICE_UNREACHABLE', { device, reason });
  if (status >= 500) fail('DEVICE_ANSWER', { device, reason });
  return fail('DEVICE_REFUSED', { device, reason, hint });
}

/** Of a failed fetch the cause says more than the error. */
function networkReason(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  if (!(cause instanceof Error)) return String(cause);
  // Of several addresses tried, each has its own error, and the whole no message.
  const [first] = cause instanceof AggregateError ? cause.errors : [cause];
  return first instanceof Error ? first.message : cause.message;
}
