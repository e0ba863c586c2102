import express, { type ErrorRequestHandler, type Express } from 'express';
import { problemAnswer } from './answers.ts';
import { openExchange } from './exchange.ts';
import type { WebhookHandler } from './webhook-route.ts';

export interface FrontDoorDeps {
  readonly health: WebhookHandler;
  readonly webhook: WebhookHandler;
  readonly isDraining: () => boolean;
  /** Told of an error that no route has answered. */
  readonly onError: (error: unknown) => void;
}

/** What is public: `/health`, and every other path as a webhook. No body parser: the raw bytes are what is signed. */
export function createFrontDoor(deps: FrontDoorDeps): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', false);
  app.enable('case sensitive routing');
  app.enable('strict routing');

  app.get('/health', deps.health);
  app.all('/health', (request, response) => {
    const exchange = openExchange(request, response, deps.isDraining);
    const answer = problemAnswer('ACKLINE_METHOD_NOT_ALLOWED', exchange.requestId, { allow: 'GET, HEAD' });
    return exchange.send(answer, { bodyUnread: true });
  });
  app.use(deps.webhook);

  const onError: ErrorRequestHandler = (error: unknown, request, response, _next) => {
    deps.onError(error);
    const exchange = openExchange(request, response, deps.isDraining);
    if (response.headersSent) response.destroy();
    else void exchange.send(problemAnswer('ACKLINE_INTERNAL', exchange.requestId), { bodyUnread: true });
  };
  app.use(onError);
  return app;
}
