// Long runs on real servers, outside CI: `npm run proof -- <name>`. Figures of the last full run: docs/proofs/.
import {
  brokerKilled,
  type Figures,
  ingressTerminated,
  lateProcessor,
  postgresKilled,
  processorKilledTwice,
} from '../proofs/src/scenarios.ts';
import { prepareDocker } from './testing/docker-tier.ts';

const proofs: Readonly<Record<string, () => Promise<Figures>>> = {
  'processor-killed': () => processorKilledTwice({ events: 20_000 }),
  'broker-killed': () => brokerKilled({ events: 20_000, rate: 400 }),
  'late-processor': () => lateProcessor({ events: 1_000 }),
  'postgres-killed': () => postgresKilled({ events: 10_000, rate: 400 }),
  'ingress-terminated': () => ingressTerminated({ events: 10_000 }),
};

const name = process.argv[2] ?? '';
const proof = proofs[name];
if (proof === undefined) {
  console.error(`usage: npm run proof -- <${Object.keys(proofs).join(' | ')}>`);
  process.exit(2);
}
const docker = prepareDocker();
if (docker.kind === 'unavailable') {
  console.error(`not run: ${docker.reason}`);
  process.exit(2);
}
Object.assign(process.env, docker.env);
console.log(`${name} on ${docker.images.join(', ')}`);
const figures = await proof();
const { measured, ...ledger } = figures;
for (const [key, value] of Object.entries({ ...ledger, ...measured })) {
  console.log(
    `${key.padEnd(22)} ${typeof value === 'number' ? Math.round(value * 100) / 100 : JSON.stringify(value)}`,
  );
}
const failed = ledger.lost > 0 || ledger.storedTwice > 0 || ledger.undelivered > 0;
console.log(
  failed ? 'FAILED: something accepted is missing or stored twice' : 'accepted = stored once = delivered',
);
process.exitCode = failed ? 1 : 0;
