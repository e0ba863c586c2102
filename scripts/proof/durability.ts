import {
  brokerKilled,
  type Figures,
  ingressTerminated,
  lateProcessor,
  postgresKilled,
  processorKilledTwice,
} from '../../proofs/src/scenarios.ts';
import type { ProofCommand } from './proof-command.ts';

/** Kill runs: what was accepted against what was stored and delivered. Figures: docs/proofs/durability.md. */
export const durabilityProofs: Readonly<Record<string, ProofCommand>> = {
  'processor-killed': killRun(() => processorKilledTwice({ events: 20_000 })),
  'broker-killed': killRun(() => brokerKilled({ events: 20_000, rate: 400 })),
  'late-processor': killRun(() => lateProcessor({ events: 1_000 })),
  'postgres-killed': killRun(() => postgresKilled({ events: 10_000, rate: 400 })),
  'ingress-terminated': killRun(() => ingressTerminated({ events: 10_000 })),
};

function killRun(measure: () => Promise<Figures>): ProofCommand {
  return {
    docker: true,
    async run() {
      const { measured, ...ledger } = await measure();
      for (const [key, value] of Object.entries({ ...ledger, ...measured })) {
        const shown = typeof value === 'number' ? Math.round(value * 100) / 100 : JSON.stringify(value);
        console.log(`${key.padEnd(22)} ${shown}`);
      }
      const held = ledger.lost === 0 && ledger.storedTwice === 0 && ledger.undelivered === 0;
      console.log(
        held ? 'accepted = stored once = delivered' : 'FAILED: something accepted is missing or stored twice',
      );
      return held;
    },
  };
}
