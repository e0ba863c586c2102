import { mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { measureApiCalls } from '../../bench/src/claims/api-calls.ts';
import type { BenchJson } from '../../bench/src/claims/bench-json.ts';
import { type ClaimFigures, claimsReport } from '../../bench/src/claims/claims-report.ts';
import { SOURCES, type SourceName, startRunningAckline } from '../../bench/src/claims/running-ackline.ts';
import { machineLine } from '../../bench/src/machine.ts';
import { startNullReceiver } from '../../bench/src/processor/null-receiver.ts';
import { type BenchCommand, keepRounds, positive } from './bench-command.ts';

const HELP = `usage: npm run bench -- claims [options]

  --rounds <n>         of each part, in turn (5)
  --requests <n>       of ackline bench: single and concurrent requests (500)
  --seconds <n>        of its sustained part, at 50 a second (10)
  --calls <n>          of an API, a round, with a pool and without (50)
  --help

What the systems before Ackline said of themselves, each beside what \`ackline bench\` measures of a running \`npm start\`.`;

const RATE = 50;

/** The numbers that the systems before claimed, measured here. */
export const claimsBench: BenchCommand = {
  help: HELP,
  async run(args, context) {
    const { values } = parseArgs({
      args: [...args],
      options: {
        rounds: { type: 'string', default: '5' },
        requests: { type: 'string', default: '500' },
        seconds: { type: 'string', default: '10' },
        calls: { type: 'string', default: '50' },
      },
    });
    const whole = (name: keyof typeof values) => Math.ceil(positive(name, values[name]));
    const rounds = whole('rounds');
    const loadBefore = loadavg()[0] ?? Number.NaN;
    await using stack = new AsyncDisposableStack();
    const directory = await mkdtemp(join(tmpdir(), 'ackline-claims-receiver-'));
    stack.defer(() => rm(directory, { recursive: true, force: true }));
    const receiver = stack.use(await startNullReceiver(directory));
    context.say('starting Ackline twice');
    const running = stack.use(await startRunningAckline(receiver.url));
    const benches: Record<SourceName, BenchJson[]> = { telegram: [], twilio: [], respondio: [] };
    const plan = { requests: whole('requests'), rate: RATE, seconds: whole('seconds') };
    for (let round = 0; round <= rounds; round += 1) {
      for (const source of SOURCES) {
        const result = await running.bench(source, plan);
        if (round > 0) benches[source].push(result); // the first one warms up
      }
      context.say(`round ${round} of ${rounds}`);
    }
    const memory = running.memory();
    const apiCalls = await measureApiCalls({ rounds, calls: whole('calls') });
    const figures: ClaimFigures = { startMs: running.startMs, benches, memory, apiCalls };
    await keepRounds('claims', figures, context);
    const load = `Load average before ${loadBefore.toFixed(1)}, after ${(loadavg()[0] ?? Number.NaN).toFixed(1)}.`;
    return `${machineLine(context.startedAt)} ${rounds} rounds. ${load}\n\n${claimsReport(figures)}\n`;
  },
};
