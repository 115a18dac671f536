/** What the page and its server say to each other. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { MODEL_TYPE, ROUTES } from '../device/remote/contract.ts';
import { isProblem } from './measurer.ts';
import type { FindPageFile } from './page-files.ts';
import type { PageMeasurer } from './page-measurer.ts';
import { readBody } from './read-body.ts';
import { HttpProblem, sendJson } from './responses.ts';

export interface Page {
  readonly find: FindPageFile;
  readonly measurer: PageMeasurer;
}

/** Outputs of a model are the most that a page posts. */
const MAX_BODY_BYTES = 4 * 2 ** 20;

/** @returns whether the question was one of the page's @throws HttpProblem */
export async function answerPage(
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
  measurer: PageMeasurer,
): Promise<boolean> {
  const session = url.searchParams.get('session') ?? '';
  const route = `${request.method} ${url.pathname}`;
  switch (route) {
    case `POST ${ROUTES.hello}`: {
      const body = await readJson(request);
      const { description, previous } = body as {
        readonly description?: unknown;
        readonly previous?: unknown;
      };
      const found = measurer.hello(description, typeof previous === 'string' ? previous : null);
      sendJson(response, isProblem(found) ? 409 : 200, found);
      return true;
    }
    case `GET ${ROUTES.next}`: {
      const left = new AbortController();
      response.on('close', () => left.abort());
      const waiting = measurer.next(session, left.signal);
      if (waiting === undefined) throw unknownSession();
      const job = await waiting;
      if (job === null) {
        response.writeHead(204, { 'cache-control': 'no-store' });
        response.end();
        return true;
      }
      response.writeHead(200, {
        'content-type': MODEL_TYPE,
        'content-length': job.model.byteLength,
        'cache-control': 'no-store',
        'x-job': job.id,
        'x-parameters': encodeURIComponent(JSON.stringify(job.parameters)),
      });
      response.end(job.model);
      return true;
    }
    case `POST ${ROUTES.result}`: {
      const known = measurer.result(session, url.searchParams.get('job') ?? '', await readJson(request));
      sendJson(response, known ? 200 : 410, { taken: known });
      return true;
    }
    case `POST ${ROUTES.bye}`:
      measurer.bye(session);
      sendJson(response, 200, {});
      return true;
    default:
      return false;
  }
}

const unknownSession = (): HttpProblem =>
  new HttpProblem(410, 'SESSION', 'This page is not connected any more', 'Introduce it again.');

async function readJson(request: IncomingMessage): Promise<object> {
  const body = await readBody(request, MAX_BODY_BYTES);
  if (body === null)
    throw new HttpProblem(
      413,
      'TOO_LARGE',
      `The page sent more than ${MAX_BODY_BYTES} bytes`,
      'Load it anew.',
    );
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(body));
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    // What is no JSON is judged as an answer that says nothing.
    return {};
  }
}
