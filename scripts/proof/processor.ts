import { runInterleavings } from '../../services/processor/test/delivery/interleavings/run.ts';
import { createTestDatabase } from '../../packages/testkit/src/database.ts';
import { runProcessors } from '../../proofs/src/processors/processors.ts';
import type { ProofArguments, ProofCommand } from './proof-command.ts';

/** The processor's own promises. Figures: docs/proofs/processor.md. */
export const processorProofs: Readonly<Record<string, ProofCommand>> = {
  interleavings: { docker: false, run: interleavings },
  processors: { docker: true, run: processors },
};

const INTERLEAVINGS_S = 300;
const INTERLEAVINGS_STEPS = 400;

/** The property test of the integration tier, for longer. Each run has a seed of its own, from a random one on. */
async function interleavings(args: ProofArguments): Promise<boolean> {
  const until = performance.now() + (args.seconds ?? INTERLEAVINGS_S) * 1_000;
  const first = Number(process.env['INTERLEAVINGS_SEED'] ?? Math.floor(Math.random() * 1e9));
  const sum = { runs: 0, events: 0, sends: 0, slow: 0 };
  const database = await createTestDatabase();
  try {
    for (let seed = first; performance.now() < until; seed++) {
      const run = await runInterleavings({ url: database.url, seed, steps: INTERLEAVINGS_STEPS });
      for (const line of run.broken) console.log(`BROKEN with INTERLEAVINGS_SEED=${seed}: ${line}`);
      if (run.broken.length > 0) return false;
      sum.runs += 1;
      sum.events += run.events;
      sum.sends += run.sends;
      sum.slow += run.slow;
    }
  } finally {
    await database.close();
  }
  console.log(`${JSON.stringify(sum)}, seeds from ${first}: all properties held`);
  return true;
}

const RATE = 300;
const SECONDS = 300;

async function processors(args: ProofArguments): Promise<boolean> {
  const { broken, ...figures } = await runProcessors({
    rate: args.rate ?? RATE,
    seconds: args.seconds ?? SECONDS,
  });
  for (const [what, value] of Object.entries(figures)) {
    console.log(
      `${what.padEnd(22)} ${typeof value === 'number' ? Math.round(value) : JSON.stringify(value)}`,
    );
  }
  for (const line of broken) console.log(`BROKEN: ${line}`);
  if (broken.length === 0) console.log('accepted = stored once = delivered, and each repeat is explained');
  return broken.length === 0;
}
