import { parseArgs } from 'node:util';
import { allPrograms, PARTS, runIngressBench } from '../../bench/src/ingress-bench.ts';
import { report } from '../../bench/src/report.ts';
import { type BenchCommand, chooseParts, keepRounds, positive, UsageError } from './bench-command.ts';

const HELP = `usage: npm run bench -- ingress [options]

  --rounds <n>     rounds of each program, in turn (3)
  --seconds <s>    of each round (10)
  --rate <n>       requests a second of the parts with a fixed rate (1000)
  --only <names>   programs, with semicolons between: ${allPrograms.map(({ name }) => name).join('; ')}
  --parts <names>  ${PARTS.join(', ')} (all)
  --help

Peers are installed into ACKLINE_BENCH_CACHE (~/.cache/ackline-bench) by their own packages: npm, PyPI (python3), Go.
Kafka runs in a container: ACKLINE_TEST_DOCKER=start allows to start a Docker Engine. Linux only.`;

/** Speed and memory of the ingress next to what a user would pick instead. */
export const ingressBench: BenchCommand = {
  help: HELP,
  async run(args, context) {
    const { values } = parseArgs({
      args: [...args],
      options: {
        rounds: { type: 'string', default: '3' },
        seconds: { type: 'string', default: '10' },
        rate: { type: 'string', default: '1000' },
        only: { type: 'string' },
        parts: { type: 'string' },
      },
    });
    const run = {
      rounds: positive('rounds', values.rounds),
      seconds: positive('seconds', values.seconds),
      rate: positive('rate', values.rate),
    };
    const parts = chooseParts(values.parts, PARTS);
    const only = values.only?.split(/; */) ?? null;
    const strangers = (only ?? []).filter(name => !allPrograms.some(program => program.name === name));
    if (strangers.length > 0) throw new UsageError(`not known: ${strangers.join(', ')}`);
    context.needDocker();
    const { cacheDirectory, say, startedAt } = context;
    const figures = await runIngressBench({ ...run, parts, only, cacheDirectory, say });
    await keepRounds('ingress', figures, context);
    return report({ figures, ...run, startedAt });
  },
};
