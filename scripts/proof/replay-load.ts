import { runReplayLoad } from '../../proofs/src/replay-load/replay-load.ts';
import type { ProofArguments, ProofCommand } from './proof-command.ts';

/** Figures: docs/proofs/processor.md. */
export const replayLoad: ProofCommand = { docker: false, run };

const LIVE_RATE = 50;
const PHASE_S = 20;
const ROUNDS = 4;
/** So that the usual length replays 100,000, and a shorter one fewer. */
const DELIVERIES_A_SECOND_OF_PHASE = 5_000;
const REPLAY_RATE = 500;
const WARM_UP_S = 10;
const MAX_RATIO = 1.1;

async function run(args: ProofArguments): Promise<boolean> {
  const phaseSeconds = args.seconds ?? PHASE_S;
  const { phases, p99, broken, ...counts } = await runReplayLoad({
    rate: args.rate ?? LIVE_RATE,
    phaseSeconds,
    rounds: ROUNDS,
    deliveries: phaseSeconds * DELIVERIES_A_SECOND_OF_PHASE,
    replayRate: REPLAY_RATE,
    warmUpSeconds: WARM_UP_S,
    log: line => console.error(line),
  });
  console.log(
    '| phase | s | live updates | p50 ms | p99 ms | replayed |\n| --- | ---: | ---: | ---: | ---: | ---: |',
  );
  for (const { replaying, seconds, live, p50, p99, replayed } of phases) {
    const name = replaying ? 'with a replay' : 'without';
    console.log(
      `| ${name} | ${seconds.toFixed(1)} | ${live} | ${p50.toFixed(1)} | ${p99.toFixed(1)} | ${replayed} |`,
    );
  }
  console.log(JSON.stringify(counts));
  const slower =
    p99.within > MAX_RATIO * p99.without
      ? [`live p99 is ${p99.within.toFixed(1)} ms with a replay, ${p99.without.toFixed(1)} ms without`]
      : [];
  const notHeld = [...broken, ...slower];
  console.log(notHeld.length === 0 ? 'kept' : `BROKEN: ${notHeld.join('; ')}`);
  return notHeld.length === 0;
}
