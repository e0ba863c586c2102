import type { ConsoleSchemas } from '@ackline/console-client/client';
import { secretValue } from '@ackline/runtime/secret-value';
import { createSecretReader } from '@ackline/runtime/secrets';
import { describeRef } from '@ackline/shared/config/secret-ref';
import { readSecretUses, type SecretUse } from '@ackline/store/secret-uses';
import { isRemovable, secretsOf, type ShownSecret } from '@ackline/store/source-secrets';
import type { Command } from 'commander';
import type { Pool } from 'pg';
import type { CommandContext } from '../command-context.ts';
import { formatTable } from '../output/text-table.ts';
import { addConsoleOptions, type ConsoleOptions } from '../remote/console-options.ts';
import { answerOf, ask, isRemote, THE_DATABASE } from '../remote/with-console.ts';
import { readSampleSettings } from '../send/sample-settings.ts';
import { describeUse, type KnownUse } from '../sources/secret-state.ts';

interface SourcesOptions extends ConsoleOptions {
  readonly json?: true;
}

export function registerSources(program: Command, context: CommandContext): void {
  const command = program
    .command('sources')
    .description('List sources with their secrets: when each was last used, and which is safe to remove')
    .option('--json', 'one JSON document per line, of a secret');
  addConsoleOptions(command, THE_DATABASE)
    .addHelpText('after', '\nExample:\n  $ ackline sources')
    .action(async ({ json, ...options }: SourcesOptions) => {
      const rows = await ask<readonly SecretRow[]>(context, options, {
        database: pool => readRows(context, pool),
        async console(client) {
          const { items } = await answerOf(client.GET('/api/v1/sources'));
          return items.flatMap(source => source.secrets.map(secret => rowOf(source, secret)));
        },
      });
      const without = `has no value ${isRemote(options) ? 'where the console runs' : 'on this machine'}`;
      if (json === true) for (const row of rows) context.terminal.line(secretJson(row));
      else context.terminal.line(formatSources(rows, without));
    });
}

interface SecretRow {
  readonly source: string;
  readonly provider: string;
  readonly path: string;
  /** Where its value is read. */
  readonly secret: string;
  /** Of who tells of it: the uses of a secret that it does not have are not known to it. */
  readonly hasValue: boolean;
  readonly use: (KnownUse & Pick<SecretUse, 'lastUsedAt'>) | null;
}

async function readRows(context: CommandContext, pool: Pool): Promise<readonly SecretRow[]> {
  const { environment, mode, config } = await readSampleSettings(context.config());
  const reader = createSecretReader({ env: environment, production: mode === 'production' });
  const uses = await readSecretUses(pool);
  const forwards = config.destinations.some(({ forwardSecret }) => forwardSecret);
  return config.sources
    .flatMap(source => secretsOf(source, { valueOf: ref => secretValue(ref, reader), uses, forwards }))
    .map(storedRow);
}

function storedRow({ source, ref, fingerprint, use, ofSource, holdsPlaces }: ShownSecret): SecretRow {
  const { name, provider, path } = source;
  return {
    source: name,
    provider,
    path,
    secret: describeRef(ref),
    hasValue: fingerprint !== null,
    use: use === null ? null : { ...use, safeToRemove: !holdsPlaces && isRemovable(use, ofSource) },
  };
}

function rowOf(
  { name, provider, path }: ConsoleSchemas['Source'],
  { reference, hasValue, firstListedAt, listedAgeMs, ...secret }: ConsoleSchemas['Secret'],
): SecretRow {
  const lastUsedAt = secret.lastUsedAt === null ? null : new Date(secret.lastUsedAt);
  const isKnown = firstListedAt !== null && listedAgeMs !== null;
  return {
    source: name,
    provider,
    path,
    secret: reference,
    hasValue,
    use: isKnown ? { ...secret, firstListedAt: new Date(firstListedAt), listedAgeMs, lastUsedAt } : null,
  };
}

/** The field names are API. Times are ISO, UTC. */
function secretJson({ source, provider, path, secret, use }: SecretRow): string {
  return JSON.stringify({
    source,
    provider,
    path,
    secret,
    firstListedAt: use?.firstListedAt.toISOString() ?? null,
    lastUsedAt: use?.lastUsedAt?.toISOString() ?? null,
    uses: use?.uses ?? 0,
    othersSince: use?.othersSince ?? 0,
    safeToRemove: use?.safeToRemove ?? false,
  });
}

/** `without`: what is said of a secret without a value. */
function formatSources(rows: readonly SecretRow[], without: string): string {
  if (rows.length === 0) return 'The configuration has no sources.';
  const now = Date.now();
  return formatTable(
    ['SOURCE', 'PROVIDER', 'PATH', 'SECRET', 'USE'],
    rows.map(({ source, provider, path, secret, hasValue, use }) => [
      source,
      provider,
      path,
      secret,
      hasValue ? describeUse(use, now) : without,
    ]),
    { whole: ['SOURCE', 'USE'] },
  );
}
