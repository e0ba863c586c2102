import { loadavg } from 'node:os';
import { runBulkheads } from '../../proofs/src/bulkheads/bulkheads.ts';
import { judge, p99Of } from '../../proofs/src/bulkheads/judge-bulkheads.ts';
import type { ProofArguments, ProofCommand } from './proof-command.ts';

/** One destination does not wait for another. Figures: docs/proofs/processor.md. */
export const bulkheads: ProofCommand = { docker: false, run };

const RATE = 100;
const PHASE_S = 10;
const ROUNDS = 5;
const STUCK_ROWS = 10_000;
/** Long enough for what the 10,000 leave behind, too: a slow first phase would widen what is allowed. */
const WARM_UP_S = 30;

async function run(args: ProofArguments): Promise<boolean> {
  const figures = await runBulkheads({
    rate: args.rate ?? RATE,
    phaseSeconds: args.seconds ?? PHASE_S,
    rounds: ROUNDS,
    stuckRows: STUCK_ROWS,
    warmUpSeconds: WARM_UP_S,
    log: line => console.error(`${line}, load ${loadavg()[0]?.toFixed(1)}`),
  });
  const { phases, ...counts } = figures;
  console.log(
    '| phase | s | arrived | p50 ms | p99 ms | attempts | over 1 s late | to hangs, fails, stuck | hanging |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |',
  );
  for (const { bad, seconds, arrived, p50, p99, started, startedLate, requests, hanging } of phases) {
    const others = `${requests.hangs}, ${requests.fails}, ${requests.stuck}`;
    console.log(
      `| ${bad ? 'with' : 'without'} | ${seconds.toFixed(1)} | ${arrived} | ${p50.toFixed(1)} | ${p99.toFixed(1)} | ${started} | ${startedLate} | ${others} | ${hanging} |`,
    );
  }
  const { without, within, allowed } = p99Of(phases);
  console.log(
    `median p99: ${within.toFixed(1)} ms with, ${without.toFixed(1)} ms without, ${allowed.toFixed(1)} ms allowed`,
  );
  console.log(JSON.stringify(counts));
  const broken = judge(figures);
  console.log(broken.length === 0 ? 'kept' : `BROKEN: ${broken.join('; ')}`);
  return broken.length === 0;
}
