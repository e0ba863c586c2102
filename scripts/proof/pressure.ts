import { faultTable } from '../../proofs/src/faults/fault-table.ts';
import { runFaults } from '../../proofs/src/faults/faults.ts';
import { type FloodKind, runFlood } from '../../proofs/src/flood/flood.ts';
import { runProcesses } from '../../proofs/src/processes/processes.ts';
import { spoolOrder } from '../../proofs/src/spool/spool-order.ts';
import { spoolTorn } from '../../proofs/src/spool/spool-torn.ts';
import { nastyHttp } from './nasty-http.ts';
import type { ProofArguments, ProofCommand } from './proof-command.ts';

/** The ingress under pressure. Figures: docs/proofs/pressure.md. */
export const pressureProofs: Readonly<Record<string, ProofCommand>> = {
  faults: { docker: true, run: faults },
  flood: { docker: true, run: flood },
  'nasty-http': nastyHttp,
  processes: { docker: true, run: processes },
  'spool-order': { docker: false, run: order },
  'spool-torn': { docker: false, run: torn },
};

const FAULT_RATE = 200;
const FAULT_S = 20;
const CALM_S = 5;

async function faults(args: ProofArguments): Promise<boolean> {
  const { rows, skipped, failed } = await runFaults({
    rate: args.rate ?? FAULT_RATE,
    seconds: args.seconds ?? FAULT_S,
    calmSeconds: CALM_S,
    ...(args.only === null ? {} : { only: args.only }),
    log: line => console.error(line),
  });
  console.log(faultTable(rows));
  for (const reason of skipped) console.log(`not run: ${reason}`);
  for (const reason of failed) console.log(`BROKE OFF: ${reason}`);
  const broken = rows.filter(row => row.broken.length > 0);
  for (const row of broken) {
    console.log(
      `\nBROKEN in "${row.state}": ${row.broken.join('; ')}\n${row.output.slice(-SHOWN_OUTPUT_CHARS)}`,
    );
  }
  return broken.length + failed.length === 0 && rows.length > 0;
}

/** Of what the ingress said. */
const SHOWN_OUTPUT_CHARS = 4_000;

const FLOOD_KINDS: readonly FloodKind[] = ['small bodies', 'large bodies', 'bad signatures'];
const QUIET_RATE = 30;
const PHASE_S = 10;
const ROUNDS = 4;

async function flood(args: ProofArguments): Promise<boolean> {
  let held = true;
  for (const kind of FLOOD_KINDS.filter(name => args.only?.some(part => name.includes(part)) ?? true)) {
    const figures = await runFlood({
      kind,
      rate: args.rate ?? QUIET_RATE,
      phaseSeconds: args.seconds ?? PHASE_S,
      rounds: ROUNDS,
    });
    console.log(`\nflood of ${kind}: ${JSON.stringify(figures.flood)}, lost ${figures.lost}`);
    for (const line of figures.quietRejects) console.log(line);
    console.log(
      '| the flood is on | quiet source: requests | 2xx | others | p50 ms | p99 ms |\n| --- | ---: | ---: | ---: | ---: | ---: |',
    );
    for (const { flooded, requests, accepted, others, p50, p99 } of figures.phases) {
      console.log(
        `| ${flooded} | ${requests} | ${accepted} | ${JSON.stringify(others)} | ${p50.toFixed(1)} | ${p99.toFixed(1)} |`,
      );
    }
    console.log(figures.broken.length === 0 ? 'kept' : `BROKEN: ${figures.broken.join('; ')}`);
    held &&= figures.broken.length === 0;
  }
  return held;
}

const PROCESSES_RATE = 200;
const STEP_S = 10;

async function processes(args: ProofArguments): Promise<boolean> {
  const { steps, broken, ...counts } = await runProcesses({
    rate: args.rate ?? PROCESSES_RATE,
    seconds: args.seconds ?? STEP_S,
  });
  console.log('| step | requests | 2xx | other answers | refused or reset | p99 ms |');
  console.log('| --- | ---: | ---: | ---: | ---: | ---: |');
  for (const { name, requests, accepted, refused, cut, p99 } of steps) {
    console.log(`| ${name} | ${requests} | ${accepted} | ${refused} | ${cut} | ${p99.toFixed(1)} |`);
  }
  console.log(JSON.stringify(counts));
  for (const line of broken) console.log(`BROKEN: ${line}`);
  return broken.length === 0;
}

const TRACED_EVENTS = 200;

async function order(): Promise<boolean> {
  const figures = await spoolOrder({ events: TRACED_EVENTS });
  if (figures.kind === 'skipped') {
    console.log(`not run: ${figures.reason}`);
    return true;
  }
  console.log(`${figures.events} events: the sync of each one's pages returned before its 200 was written`);
  for (const line of figures.evidence) console.log(line);
  return true;
}

async function torn(): Promise<boolean> {
  const { broken, ...counts } = await spoolTorn({
    bursts: 8,
    copiesPerBurst: 6,
    rounds: 40,
    cutsPerRound: 8,
  });
  for (const [what, count] of Object.entries(counts)) console.log(`${what.padEnd(22)} ${count}`);
  for (const line of broken) console.log(`BROKEN: ${line}`);
  if (broken.length === 0) console.log('every copy had every event that was acknowledged before it');
  return broken.length === 0;
}
