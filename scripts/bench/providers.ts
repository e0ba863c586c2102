import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { providers } from '@ackline/shared/providers/registry';
import { machineLine } from '../../bench/src/machine.ts';
import { bareChecks } from '../../bench/src/providers/bare-checks.ts';
import { runProvidersBench } from '../../bench/src/providers/providers-bench.ts';
import { providersReport } from '../../bench/src/providers/providers-report.ts';
import { type BenchCommand, chooseParts, keepRounds, positive } from './bench-command.ts';

const HELP = `usage: npm run bench -- providers [options]

  --rounds <n>     in which each provider and its bare check take their turns (15)
  --requests <n>   of each in a round (20000)
  --only <names>   providers, with commas between (all)
  --help

CPU time of verify and identify, beside the bare HMAC, or comparison, of the same bytes. Needs nothing but this process.`;

/** What it costs to prove and name a request of each provider. */
export const providersBench: BenchCommand = {
  help: HELP,
  async run(args, context) {
    const { values } = parseArgs({
      args: [...args],
      options: {
        rounds: { type: 'string', default: '15' },
        requests: { type: 'string', default: '20000' },
        only: { type: 'string' },
      },
    });
    const rounds = Math.ceil(positive('rounds', values.rounds));
    const requests = Math.ceil(positive('requests', values.requests));
    const names = chooseParts(values.only, [...providers.keys()]);
    const chosen = [...providers.values()].filter(({ name }) => names.includes(name));
    const loadBefore = loadavg()[0] ?? Number.NaN;
    const figures = runProvidersBench({ providers: chosen, bareChecks, rounds, requests, say: context.say });
    await keepRounds('providers', figures, context);
    const load = `Load average before ${loadBefore.toFixed(1)}, after ${(loadavg()[0] ?? Number.NaN).toFixed(1)}.`;
    return `${machineLine(context.startedAt)} ${rounds} rounds of ${requests} requests. ${load}\n\n${providersReport(figures)}\n`;
  },
};
