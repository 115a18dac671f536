/** Answers in JSON. */
import type { ServerResponse } from 'node:http';
import { EspalierError } from '../errors.ts';

/** What a request did wrong, with its HTTP status. */
export class HttpProblem extends Error {
  readonly status: number;
  readonly code: string;
  readonly hint: string;
  constructor(status: number, code: string, message: string, hint: string) {
    super(message);
    this.status = status;
    this.code = code;
    this.hint = hint;
  }
}

export function sendJson(response: ServerResponse, status: number, body: object): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    // What was not read of a refused request must not be taken for the next one.
    ...(status >= 400 && { connection: 'close' }),
  });
  response.end(text);
}

export function sendProblem(response: ServerResponse, error: unknown): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  if (error instanceof HttpProblem) {
    const { status, code, message, hint } = error;
    sendJson(response, status, { error: { code, message, hint } });
    return;
  }
  const { code, message, hint } =
    error instanceof EspalierError
      ? error
      : {
          code: 'INTERNAL',
          message: error instanceof Error ? error.message : String(error),
          hint: 'Start the device again.',
        };
  sendJson(response, 500, { error: { code, message, hint } });
}
