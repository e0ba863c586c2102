import { parseArgs } from 'node:util';
import { PARTS, runProcessorBench } from '../../bench/src/processor/processor-bench.ts';
import { processorReport } from '../../bench/src/processor/processor-report.ts';
import { type BenchCommand, chooseLog, chooseParts, keepRounds, positive } from './bench-command.ts';

const HELP = `usage: npm run bench -- processor [options]

  --rounds <n>     rounds of each program, in turn (3)
  --events <n>     measured in a round; a quarter more warms it up (20000)
  --seconds <s>    of the rounds with a fixed rate (10)
  --rate <n>       events a second of those (1000)
  --rows <n>       parked and scheduled deliveries of the part million (1000000)
  --log <name>     where events come from: kafka, inbox (kafka)
  --parts <names>  ${PARTS.join(', ')} (all)
  --help

Kafka runs in a container: ACKLINE_TEST_DOCKER=start allows to start a Docker Engine; --log inbox needs none.
PostgreSQL is the embedded one. Linux only.`;

/** Speed of the processor next to the barest programs that do the same work. */
export const processorBench: BenchCommand = {
  help: HELP,
  async run(args, context) {
    const { values } = parseArgs({
      args: [...args],
      options: {
        rounds: { type: 'string', default: '3' },
        events: { type: 'string', default: '20000' },
        seconds: { type: 'string', default: '10' },
        rate: { type: 'string', default: '1000' },
        rows: { type: 'string', default: '1000000' },
        log: { type: 'string', default: 'kafka' },
        parts: { type: 'string' },
      },
    });
    const log = chooseLog(values.log);
    const options = {
      rounds: positive('rounds', values.rounds),
      events: Math.ceil(positive('events', values.events)),
      seconds: positive('seconds', values.seconds),
      rate: positive('rate', values.rate),
      rows: Math.ceil(positive('rows', values.rows)),
      log,
    } as const;
    const parts = chooseParts(values.parts, PARTS);
    if (log === 'kafka') context.needDocker();
    const figures = await runProcessorBench({ ...options, parts, say: context.say });
    await keepRounds('processor', figures, context);
    return processorReport({ figures, options, startedAt: context.startedAt });
  },
};
