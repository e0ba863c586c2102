import type { HealthReport } from './health-report.ts';
import { jsonAnswer } from './answers.ts';
import { openExchange } from './exchange.ts';
import type { WebhookHandler } from './webhook-ports.ts';

/** `GET /health`: from memory alone, so that asking often costs nothing. */
export function createHealthHandler(report: () => HealthReport, isDraining: () => boolean): WebhookHandler {
  return (request, response) => {
    const { status, body } = report();
    return openExchange(request, response, isDraining).send(jsonAnswer(status, body), true);
  };
}
