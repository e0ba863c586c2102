// Long runs on real servers, outside CI: `npm run proof -- <name> [--seconds n] [--rate n] [--only part]`.
// Figures of the last full run: docs/proofs/.
import { alerts } from './proof/alerts.ts';
import { bots } from './proof/bots.ts';
import { breaker } from './proof/breaker.ts';
import { bulkheads } from './proof/bulkheads.ts';
import { consoleScale } from './proof/console-scale.ts';
import { durabilityProofs } from './proof/durability.ts';
import { pressureProofs } from './proof/pressure.ts';
import { processorProofs } from './proof/processor.ts';
import { listen } from './proof/listen.ts';
import {
  parseProofArguments,
  PROOF_OPTIONS,
  type ProofArguments,
  type ProofCommand,
} from './proof/proof-command.ts';
import { replayLoad } from './proof/replay-load.ts';
import { traces } from './proof/traces.ts';
import { prepareDocker } from './test-tiers/docker-tier.ts';

const proofs: Readonly<Record<string, ProofCommand>> = {
  ...durabilityProofs,
  ...pressureProofs,
  ...processorProofs,
  'replay-load': replayLoad,
  breaker,
  bulkheads,
  bots,
  listen,
  traces,
  alerts,
  'console-scale': consoleScale,
};

const [name = '', ...words] = process.argv.slice(2);
const proof = proofs[name];
if (proof === undefined) {
  console.error(`usage: npm run proof -- <${Object.keys(proofs).join(' | ')}>`);
  process.exit(2);
}
if (words.includes('--help')) {
  console.log(`usage: npm run proof -- ${name} [options]\n\n${PROOF_OPTIONS}`);
  process.exit(0);
}
const args = readArguments();
if (proof.docker) {
  const docker = prepareDocker();
  if (docker.kind === 'unavailable') {
    console.error(`not run: ${docker.reason}`);
    process.exit(2);
  }
  Object.assign(process.env, docker.env);
  console.log(`${name} on ${docker.images.join(', ')}`);
}
process.exitCode = (await proof.run(args)) ? 0 : 1;

function readArguments(): ProofArguments {
  try {
    return parseProofArguments(words);
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${PROOF_OPTIONS}`);
    process.exit(2);
  }
}
