import { createSecretReader, type SecretReader } from '@ackline/runtime/secrets';
import { AppError } from '@ackline/shared/app-error';
import type { SecretRef } from '@ackline/shared/config/types';
import { readSecretUses } from '@ackline/store/secret-uses';
import { isRemovable, secretsOf, type ShownSecret } from '@ackline/store/source-secrets';
import type { Command } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { describeRef } from '@ackline/shared/config/secret-ref';
import { withDatabase } from '../database.ts';
import { formatTable } from '../output/text-table.ts';
import { readSampleSettings } from '../send/sample-settings.ts';
import { describeUse } from '../sources/secret-state.ts';

export function registerSources(program: Command, context: CommandContext): void {
  program
    .command('sources')
    .description('List sources with their secrets: when each was last used, and which is safe to remove')
    .option('--json', 'one JSON document per line, of a secret')
    .addHelpText('after', '\nExample:\n  $ ackline sources')
    .action(async ({ json }: { json?: true }) => {
      const settings = await readSampleSettings(context.config());
      const reader = createSecretReader({
        env: settings.environment,
        production: settings.mode === 'production',
      });
      const uses = await withDatabase(context.config(), readSecretUses);
      const shown = settings.config.sources.flatMap(source =>
        secretsOf(source, {
          valueOf: ref => valueOf(ref, reader),
          uses,
          forwards: settings.config.destinations.some(({ forwardSecret }) => forwardSecret),
        }),
      );
      if (json === true) for (const secret of shown) context.terminal.line(secretJson(secret));
      else context.terminal.line(formatSources(shown, Date.now()));
    });
}

function valueOf(ref: SecretRef, reader: SecretReader): string | null {
  try {
    return reader.resolve([ref])[0] ?? null;
  } catch (error) {
    if (error instanceof AppError) return null;
    throw error;
  }
}

/** The field names are API. Times are ISO, UTC. */
function secretJson({ source, ref, use, ofSource, holdsPlaces }: ShownSecret): string {
  return JSON.stringify({
    source: source.name,
    provider: source.provider,
    path: source.path,
    secret: describeRef(ref),
    firstListedAt: use?.firstListedAt.toISOString() ?? null,
    lastUsedAt: use?.lastUsedAt?.toISOString() ?? null,
    uses: use?.uses ?? 0,
    othersSince: use?.othersSince ?? 0,
    safeToRemove: use !== null && !holdsPlaces && isRemovable(use, ofSource),
  });
}

function formatSources(shown: readonly ShownSecret[], now: number): string {
  if (shown.length === 0) return 'The configuration has no sources.';
  return formatTable(
    ['SOURCE', 'PROVIDER', 'PATH', 'SECRET', 'USE'],
    shown.map(({ source, ref, fingerprint, use, ofSource, holdsPlaces }) => [
      source.name,
      source.provider,
      source.path,
      describeRef(ref),
      fingerprint === null
        ? 'has no value on this machine'
        : describeUse(use, holdsPlaces ? [] : ofSource, now),
    ]),
    { wholeLast: true },
  );
}
