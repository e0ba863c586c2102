import type { MetricFactory } from '@ackline/runtime/metric-factory';
import type { RequestHandler, Response } from 'express';

/** What is no call of the API: the page, its files, what is not there. */
const OTHER = 'other';

/** Which call a request is, once it is known: names of routes, and nothing that a request brings. */
export function nameCall(response: Response, name: string): void {
  response.locals['call'] = name;
}

/** Sees each request first, and counts it once its answer has ended. */
export function createRequestFigures(figures: MetricFactory): RequestHandler {
  const requests = figures.counter('consoleRequests');
  const seconds = figures.histogram('consoleRequestSeconds');
  return (_request, response, next) => {
    const startedAt = performance.now();
    response.once('close', () => {
      const call = String(response.locals['call'] ?? OTHER);
      requests.inc({ call, class: classOf(response) });
      // How long somebody follows says nothing of how fast the console is.
      if (response.getHeader('content-type') !== 'text/event-stream')
        seconds.observe({ call }, (performance.now() - startedAt) / 1_000);
    });
    next();
  };
}

function classOf(response: Response): string {
  return response.headersSent ? `${Math.floor(response.statusCode / 100)}xx` : 'gone';
}
