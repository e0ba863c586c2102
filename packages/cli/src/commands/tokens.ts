import { operatorName } from '@ackline/runtime/operator-name';
import { AppError } from '@ackline/shared/app-error';
import {
  type ConsoleToken,
  createToken,
  listTokens,
  revokeToken,
  TOKEN_SCOPES,
  type TokenScope,
} from '@ackline/store/console-tokens';
import { type Command, InvalidArgumentError } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { withDatabase } from '../database.ts';
import { duration } from '../options.ts';
import { shortTime } from '../output/short-time.ts';
import { formatTable } from '../output/text-table.ts';

interface CreateOptions {
  readonly scope: readonly TokenScope[];
  readonly tenant?: string;
  readonly expires?: number;
}

export function registerTokens(program: Command, context: CommandContext): void {
  const tokens = program
    .command('tokens')
    .description('Tokens of the console: create, list, revoke; without a subcommand: list')
    .helpCommand(false)
    .addHelpText('after', '\nExample:\n  $ ackline tokens create deploys --scope view,operate --expires 30d');

  tokens
    .command('list', { isDefault: true })
    .description('All tokens, and when each was last used; a token itself is shown once, when it is created')
    .option('--json', 'one JSON document per line')
    .addHelpText('after', '\nExample:\n  $ ackline tokens list --json')
    .action(async ({ json }: { json?: true }) => {
      const found = await withDatabase(context.config(), listTokens);
      if (json === true) for (const token of found) context.terminal.line(tokenJson(token));
      else context.terminal.line(formatTokens(found, Date.now()));
    });

  registerCreate(tokens, context);
  registerRevoke(tokens, context);
}

function registerCreate(tokens: Command, context: CommandContext): void {
  tokens
    .command('create')
    .description('Make a token, and show it this once')
    .argument('<name>', 'who uses it: the audit has it', parseName)
    .requiredOption('--scope <list>', `what it may do, with commas: ${TOKEN_SCOPES.join(', ')}`, parseScopes)
    .option('--tenant <name>', 'it sees, and acts for, this tenant alone')
    .option(
      '--expires <duration>',
      'for so long it is valid: 12h, 30d (default: until it is revoked)',
      duration,
    )
    .addHelpText(
      'after',
      '\nExample:\n  $ ackline tokens create support --scope view,payload --tenant acme --expires 90d',
    )
    .action(async (name: string, { scope, tenant, expires }: CreateOptions) => {
      const token = await withDatabase(context.config(), pool =>
        createToken(pool, {
          name,
          scopes: scope,
          tenant: tenant ?? null,
          expiresInMs: expires ?? null,
          actor: operatorName(),
        }),
      );
      if (token === null)
        throw new AppError(
          'ACKLINE_USAGE',
          `A live token has the name ${JSON.stringify(name)}: revoke it, or take another name`,
        );
      context.terminal.line(token);
      context.terminal.note('It is not shown again. Send it as `Authorization: Bearer <token>`.');
    });
}

function registerRevoke(tokens: Command, context: CommandContext): void {
  tokens
    .command('revoke')
    .description('End a token: calls with it are refused from now on, and its live streams within a minute')
    .argument('<name>')
    .addHelpText('after', '\nExample:\n  $ ackline tokens revoke support')
    .action(async (name: string) => {
      const isRevoked = await withDatabase(context.config(), pool => revokeToken(pool, name, operatorName()));
      if (!isRevoked)
        throw new AppError('ACKLINE_NOT_FOUND', `No live token has the name ${JSON.stringify(name)}`);
      context.terminal.line(`${name} is revoked.`);
    });
}

const NAME = /^[\w.@-]{1,60}$/;

function parseName(text: string): string {
  if (NAME.test(text)) return text;
  throw new InvalidArgumentError('It must be 1 to 60 letters, digits, or . _ @ -');
}

function parseScopes(text: string): readonly TokenScope[] {
  const scopes = TOKEN_SCOPES.filter(scope => text.split(',').includes(scope));
  if (scopes.length > 0 && scopes.length === new Set(text.split(',')).size) return scopes;
  throw new InvalidArgumentError(`It must be some of ${TOKEN_SCOPES.join(', ')}, with commas between.`);
}

/** One line; the field names are API. Times are ISO, UTC. */
function tokenJson({
  name,
  scopes,
  tenant,
  createdAt,
  createdBy,
  expiresAt,
  revokedAt,
  lastUsedAt,
}: ConsoleToken): string {
  return JSON.stringify({
    name,
    scopes,
    tenant,
    createdAt: createdAt.toISOString(),
    createdBy,
    expiresAt: expiresAt?.toISOString() ?? null,
    revokedAt: revokedAt?.toISOString() ?? null,
    lastUsedAt: lastUsedAt?.toISOString() ?? null,
  });
}

function formatTokens(tokens: readonly ConsoleToken[], now: number): string {
  if (tokens.length === 0) return 'There are no tokens. In development the console asks for none.';
  return formatTable(
    ['NAME', 'SCOPES', 'TENANT', 'LAST USED', 'STATE'],
    tokens.map(token => [
      token.name,
      token.scopes.join(','),
      token.tenant ?? 'all',
      token.lastUsedAt === null ? 'never' : shortTime(token.lastUsedAt),
      stateOf(token, now),
    ]),
    { whole: ['NAME'] },
  );
}

function stateOf({ revokedAt, expiresAt }: ConsoleToken, now: number): string {
  if (revokedAt !== null) return `revoked ${shortTime(revokedAt)}`;
  if (expiresAt === null) return 'live';
  return expiresAt.getTime() <= now
    ? `expired ${shortTime(expiresAt)}`
    : `live until ${shortTime(expiresAt)}`;
}
