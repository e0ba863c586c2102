import { operatorName } from '@ackline/runtime/operator-name';
import { AppError } from '@ackline/shared/app-error';
import { endSessionsOf, type ListedSession, listSessions } from '@ackline/store/console-sessions';
import type { Command } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { withDatabase } from '../database.ts';
import { shortTime } from '../output/short-time.ts';
import { formatTable } from '../output/text-table.ts';
import { plural } from '../output/units.ts';

export function registerSessions(program: Command, context: CommandContext): void {
  const sessions = program
    .command('sessions')
    .description('Who is signed in to the console with a browser: list, end; without a subcommand: list')
    .helpCommand(false)
    .addHelpText('after', '\nExample:\n  $ ackline sessions end oidc:anna@example.com');

  sessions
    .command('list', { isDefault: true })
    .description('All who are signed in, a line for each browser')
    .option('--json', 'one JSON document per line')
    .addHelpText('after', '\nExample:\n  $ ackline sessions list --json')
    .action(async ({ json }: { json?: true }) => {
      const found = await withDatabase(context.config(), listSessions);
      if (json === true) for (const session of found) context.terminal.line(sessionJson(session));
      else context.terminal.line(formatSessions(found));
    });

  sessions
    .command('end')
    .description(
      'Sign a person out of all browsers, from their next call on, and of live streams within a minute. They may sign in again: first revoke the token, or take the role away',
    )
    .argument('<name>', 'as it is listed')
    .addHelpText('after', '\nExample:\n  $ ackline sessions end token:support')
    .action(async (name: string) => {
      const ended = await withDatabase(context.config(), pool => endSessionsOf(pool, name, operatorName()));
      if (ended === 0)
        throw new AppError('ACKLINE_NOT_FOUND', `Nobody is signed in as ${JSON.stringify(name)}`);
      context.terminal.line(`${name} is signed out of ${plural(ended, 'browser')}.`);
    });
}

/** One line; the field names are API. Times are ISO, UTC. */
function sessionJson({
  name,
  scopes,
  tenant,
  role,
  token,
  createdAt,
  usedAt,
  expiresAt,
}: ListedSession): string {
  return JSON.stringify({
    name,
    scopes,
    tenant,
    role,
    token,
    createdAt: createdAt.toISOString(),
    usedAt: usedAt.toISOString(),
    expiresAt: expiresAt.toISOString(),
  });
}

function formatSessions(sessions: readonly ListedSession[]): string {
  if (sessions.length === 0) return 'Nobody is signed in with a browser.';
  return formatTable(
    ['NAME', 'SCOPES', 'TENANT', 'BY', 'SINCE', 'LAST USED', 'UNTIL'],
    sessions.map(({ name, scopes, tenant, role, token, createdAt, usedAt, expiresAt }) => [
      name,
      scopes.join(','),
      tenant ?? 'all',
      role === null ? `token ${token}` : `role ${role}`,
      shortTime(createdAt),
      shortTime(usedAt),
      shortTime(expiresAt),
    ]),
    { whole: ['NAME'] },
  );
}
