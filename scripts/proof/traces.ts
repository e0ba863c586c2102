import { startKafka } from '@ackline/testkit/containers';
import { withDatabase } from '@ackline/testkit/database';
import { traceJourney } from '../../proofs/src/traces.ts';
import type { ProofCommand } from './proof-command.ts';

/** The same as in the container tier, with OpenTelemetry's Collector in between. Needs Go, and some minutes at first. */
export const traces: ProofCommand = { docker: true, run };

async function run(): Promise<boolean> {
  await using kafka = await startKafka();
  for (const brokers of [null, kafka.brokers]) {
    const { webhooks, retries, collector } = await withDatabase(database =>
      traceJourney({ databaseUrl: database.url, brokers, throughCollector: true }),
    );
    console.log(
      `${brokers === null ? 'inbox' : 'Kafka'}: ${webhooks} webhooks, ${retries} retries, one trace each; ${collector}`,
    );
  }
  return true;
}
