import { runListenProof } from '../../proofs/src/listen/listen-proof.ts';
import type { ProofArguments, ProofCommand } from './proof-command.ts';

/** Figures: docs/proofs/console.md. */
export const listen: ProofCommand = { docker: false, run };

const EVENTS = 10_000;
const RATE = 150;
const FAULTS = 10;

async function run(args: ProofArguments): Promise<boolean> {
  const rate = args.rate ?? RATE;
  const { broken, faults, ...figures } = await runListenProof({
    events: args.seconds === null ? EVENTS : Math.round(args.seconds * rate),
    rate,
    faults: FAULTS,
    log: line => console.error(line),
  });
  const counted = Object.entries(Object.groupBy(faults, fault => fault)).map(
    ([fault, all]) => `${all?.length} × ${fault}`,
  );
  console.log('| | |\n| --- | ---: |');
  console.log(`| faults | ${counted.join(', ')} |`);
  for (const [name, figure] of Object.entries(figures))
    console.log(`| ${name} | ${Number.isInteger(figure) ? figure : figure.toFixed(1)} |`);
  console.log(broken.length === 0 ? 'kept' : `BROKEN: ${broken.join('; ')}`);
  return broken.length === 0;
}
