import { createSecretReader, type SecretReader } from '@ackline/runtime/secrets';
import { AppError } from '@ackline/shared/app-error';
import type { SecretRef, SourceConfig } from '@ackline/shared/config/types';
import { providerOf } from '@ackline/shared/providers/registry';
import { readSecretUses, secretFingerprint, type SecretUse } from '@ackline/store/secret-uses';
import type { Command } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { describeRef } from '../config-file.ts';
import { withDatabase } from '../database.ts';
import { formatTable } from '../output/text-table.ts';
import { readSampleSettings } from '../send/sample-settings.ts';
import { describeUse, isRemovable } from '../sources/secret-state.ts';

interface ShownSecret {
  readonly source: SourceConfig;
  readonly ref: SecretRef;
  /** null: it has no value on this machine. */
  readonly fingerprint: string | null;
  readonly use: SecretUse | null;
  /** Taken out, it would change what stored events name: `secret:<place>`, which `forwardSecret` puts back. */
  readonly holdsPlaces: boolean;
  /** All secrets of the source that an ingress has or had. */
  readonly ofSource: readonly SecretUse[];
}

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
        secretsOf(source, reader, {
          uses,
          forwards: settings.config.destinations.some(({ forwardSecret }) => forwardSecret),
        }),
      );
      if (json === true) for (const secret of shown) context.terminal.line(secretJson(secret));
      else context.terminal.line(formatSources(shown, Date.now()));
    });
}

interface Known {
  readonly uses: readonly SecretUse[];
  /** Some destination gets the tokens of bearer headers. */
  readonly forwards: boolean;
}

function secretsOf(source: SourceConfig, reader: SecretReader, { uses, forwards }: Known): ShownSecret[] {
  const hasPlaces = forwards && (providerOf(source)?.bearerHeaders.length ?? 0) > 0;
  const ofSource = uses.filter(use => use.source === source.name);
  return source.secrets.map((ref, place) => {
    const value = valueOf(ref, reader);
    const fingerprint = value === null ? null : secretFingerprint(source.name, value);
    const use = ofSource.find(known => known.fingerprint === fingerprint) ?? null;
    const holdsPlaces = hasPlaces && place < source.secrets.length - 1;
    return { source, ref, fingerprint, use, ofSource, holdsPlaces };
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
