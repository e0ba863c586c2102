import type { Command } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { runUp } from '../up/run-up.ts';

export function registerUp(program: Command, context: CommandContext): void {
  program
    .command('up')
    .description('Run everything here: PostgreSQL (embedded unless DATABASE_URL), ingress, processor')
    .addHelpText(
      'after',
      `
Example:
  $ ackline up
  $ ACKLINE_ENV=production DATABASE_URL=postgres://… KAFKA_BROKERS=kafka:9092 ackline up

Environment: PORT (8080) and HOST of the ingress, OPS_PORT (9464) and OPS_HOST of the operations port.
Development is every listener on loopback and no ACKLINE_ENV=production: only then missing secrets are generated.`,
    )
    .action(() => runUp(context.config(), context.terminal));
}
