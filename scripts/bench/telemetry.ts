import { parseArgs } from 'node:util';
import { PARTS, runTelemetryBench } from '../../bench/src/telemetry/telemetry-bench.ts';
import { telemetryReport } from '../../bench/src/telemetry/telemetry-report.ts';
import { type BenchCommand, chooseLog, chooseParts, keepRounds, positive } from './bench-command.ts';

const HELP = `usage: npm run bench -- telemetry [options]

  --rounds <n>     rounds without telemetry and with it, in turn (3)
  --seconds <s>    of each round of the ingress (10)
  --rate <n>       requests a second for the ingress (as many as it answers)
  --events <n>     the processor delivers in a round; a quarter more warms it up (40000)
  --log <name>     the log of both: kafka, inbox (kafka)
  --parts <names>  ${PARTS.join(', ')} (all)
  --help

Kafka runs in a container: ACKLINE_TEST_DOCKER=start allows to start a Docker Engine; --log inbox needs none.
PostgreSQL is the embedded one. Linux only.`;

/** What traces and scraped metrics cost ingress and processor. */
export const telemetryBench: BenchCommand = {
  help: HELP,
  async run(args, context) {
    const { values } = parseArgs({
      args: [...args],
      options: {
        rounds: { type: 'string', default: '3' },
        seconds: { type: 'string', default: '10' },
        rate: { type: 'string' },
        events: { type: 'string', default: '40000' },
        log: { type: 'string', default: 'kafka' },
        parts: { type: 'string' },
      },
    });
    const log = chooseLog(values.log);
    const options = {
      rounds: positive('rounds', values.rounds),
      seconds: positive('seconds', values.seconds),
      rate: values.rate === undefined ? null : positive('rate', values.rate),
      events: Math.ceil(positive('events', values.events)),
      log,
    };
    const parts = chooseParts(values.parts, PARTS);
    if (log === 'kafka') context.needDocker();
    const { cacheDirectory, say, startedAt } = context;
    const figures = await runTelemetryBench({ ...options, parts, cacheDirectory, say });
    await keepRounds('telemetry', figures, context);
    return telemetryReport({ figures, options, startedAt });
  },
};
