import { runBreaker } from '../../proofs/src/breaker/breaker.ts';
import { arrivedAfterOpening, judge, ramp } from '../../proofs/src/breaker/judge-breaker.ts';
import type { ProofArguments, ProofCommand } from './proof-command.ts';

/** Of several processors. Figures: docs/proofs/processor.md. */
export const breaker: ProofCommand = { docker: false, run };

const RESET_S = 60;
const RATE = 40;

async function run(args: ProofArguments): Promise<boolean> {
  const resetSeconds = args.seconds ?? RESET_S;
  const seen = await runBreaker({
    resetSeconds,
    rate: args.rate ?? RATE,
    log: line => console.error(line),
  });
  for (const { at, ms, status } of arrivedAfterOpening(seen)) {
    console.log(
      `in flight at the opening: +${Math.round(at - seen.openedAt)} ms, answered ${status} after ${ms} ms`,
    );
  }
  console.log(
    `requests a second after it closed: ${ramp(seen, Math.ceil(seen.slowStartMs / 1_000) + 2).join(' ')}`,
  );
  const checks = judge(seen);
  for (const { name, holds, figure } of checks)
    console.log(`${holds ? 'ok    ' : 'BROKEN'} ${name}: ${figure}`);
  return checks.every(({ holds }) => holds);
}
