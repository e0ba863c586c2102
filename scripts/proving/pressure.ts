import { faultTable } from '../../proofs/src/faults/fault-table.ts';
import { runFaults } from '../../proofs/src/faults/faults.ts';
import type { ProofArguments, ProofCommand } from './proof-command.ts';

/** The ingress under pressure. Figures: docs/proofs/pressure.md. */
export const pressureProofs: Readonly<Record<string, ProofCommand>> = {
  faults: { docker: true, run: faults },
};

const FAULT_RATE = 200;
const FAULT_S = 20;
const CALM_S = 5;

async function faults(args: ProofArguments): Promise<boolean> {
  const { rows, skipped } = await runFaults({
    rate: args.rate ?? FAULT_RATE,
    seconds: args.seconds ?? FAULT_S,
    calmSeconds: CALM_S,
    ...(args.only === null ? {} : { only: args.only }),
    log: line => console.error(line),
  });
  console.log(faultTable(rows));
  for (const reason of skipped) console.log(`not run: ${reason}`);
  const broken = rows.filter(row => row.broken.length > 0);
  for (const row of broken) {
    console.log(
      `\nBROKEN in "${row.state}": ${row.broken.join('; ')}\n${row.output.slice(-SHOWN_OUTPUT_CHARS)}`,
    );
  }
  return broken.length === 0 && rows.length > 0;
}

/** Of what the ingress said. */
const SHOWN_OUTPUT_CHARS = 4_000;
