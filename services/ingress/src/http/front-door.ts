import type { RequestListener } from 'node:http';
import express, { type ErrorRequestHandler, type Express } from 'express';
import { pathOf } from './called-url.ts';
import type { SourceTable } from '../sources/source-table.ts';
import { problemAnswer } from './answers.ts';
import { openExchange } from './exchange.ts';
import type { WebhookHandler } from './webhook-ports.ts';

export interface FrontDoorDeps {
  /** What `webhook` serves: their paths do not go through Express. */
  readonly sources: SourceTable;
  readonly health: WebhookHandler;
  readonly webhook: WebhookHandler;
  readonly isDraining: () => boolean;
  /** Told of an error that no route has answered. */
  readonly onError: (error: unknown) => void;
}

/**
 * What is public: `/health`, and every other path as a webhook. No body parser: the raw bytes are what is signed. A path of
 * a source goes to the webhook route at once, since Express alone costs more than the whole rest of an accepted webhook
 * (docs/decisions/0009-short-hot-path.md); Express serves all else, and the same route says there that a path is no source.
 */
export function createFrontDoor(deps: FrontDoorDeps): RequestListener {
  const { sources, webhook, onError } = deps;
  const app = createExpressApp(deps);
  return (request, response) => {
    if (sources.get(pathOf(request.url ?? '')) === undefined) {
      app(request, response);
      return;
    }
    webhook(request, response)?.catch((error: unknown) => {
      onError(error);
      response.destroy();
    });
  };
}

function createExpressApp(deps: FrontDoorDeps): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', false);
  app.enable('case sensitive routing');
  app.enable('strict routing');

  app.get('/health', (request, response) => deps.health(request, response));
  app.all('/health', (request, response) => {
    const exchange = openExchange(request, response, deps.isDraining);
    const answer = problemAnswer('ACKLINE_METHOD_NOT_ALLOWED', exchange.requestId, {
      headers: { allow: 'GET, HEAD' },
    });
    return exchange.send(answer, true);
  });
  app.use((request, response) => deps.webhook(request, response));

  const onError: ErrorRequestHandler = (error: unknown, request, response, _next) => {
    deps.onError(error);
    const exchange = openExchange(request, response, deps.isDraining);
    if (response.headersSent) response.destroy();
    else void exchange.send(problemAnswer('ACKLINE_INTERNAL', exchange.requestId), true);
  };
  app.use(onError);
  return app;
}
