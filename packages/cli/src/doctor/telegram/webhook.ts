import { AppError } from '@ackline/shared/app-error';
import type { AcklineConfig, SourceConfig } from '@ackline/shared/config/types';
import { numberOf } from '../checks/environment.ts';
import { DEFAULT_MAX_CONNECTIONS } from '../connection-figures.ts';
import { type Examination, publicUrlOf } from '../examination.ts';

/** What `setWebhook` takes at most. */
export const MAX_CONNECTIONS = 100;
/** What Telegram opens where nobody has said it. */
export const DEFAULT_CONNECTIONS = 40;
/** Telegram sends these only where they are asked for by name. */
const NOT_BY_DEFAULT: ReadonlySet<string> = new Set([
  'chat_member',
  'message_reaction',
  'message_reaction_count',
]);

/** The source that is meant. Throws ACKLINE_USAGE where there is none, or nobody can tell which. */
export function pickTelegramSource(config: AcklineConfig, name: string | undefined): SourceConfig {
  const sources = config.sources.filter(source => source.provider === 'telegram');
  const names = sources.map(source => source.name).join(', ') || 'none';
  const found = name === undefined ? sources : sources.filter(source => source.name === name);
  const [source] = found;
  if (source === undefined) {
    const wanted = name === undefined ? '' : ` named ${JSON.stringify(name)}`;
    throw new AppError(
      'ACKLINE_USAGE',
      `The configuration has no Telegram source${wanted}; it has: ${names}`,
    );
  }
  if (found.length > 1) {
    throw new AppError('ACKLINE_USAGE', `There are several Telegram sources: name one of ${names}`);
  }
  return source;
}

/** The URLs of a source that Telegram may call, the one to set first; none where no publicUrl is declared. */
export function calledUrls(source: SourceConfig, config: AcklineConfig): readonly string[] {
  const base = publicUrlOf(source, config);
  return base === null ? [] : [source.path, ...source.aliases].map(path => `${base}${path}`);
}

export function isSameUrl(one: string, other: string): boolean {
  const [a, b] = [URL.parse(one), URL.parse(other)];
  return a !== null && b !== null && a.href === b.href;
}

/** The path of a webhook may be, or hold, a token. */
export function shownUrl(text: string): string {
  const url = URL.parse(text);
  if (url === null) return '…';
  return url.pathname === '/' && url.search === '' ? url.origin : `${url.origin}/…`;
}

/** Connections that the public port takes, for each Telegram source its part. */
export function capacityFor({ config, acklineConfig }: Examination): number {
  const { environment } = config;
  const each = numberOf(environment, 'WEBHOOK_MAX_CONNECTIONS', DEFAULT_MAX_CONNECTIONS);
  const processes = Math.max(1, numberOf(environment, 'INGRESS_PROCESSES', 1));
  const sources = acklineConfig?.sources.filter(({ provider }) => provider === 'telegram').length ?? 1;
  return Math.max(1, Math.floor((each * processes) / Math.max(1, sources)));
}

export interface WantedUpdates {
  /** Types that routes of the source name. */
  readonly named: readonly string[];
  /** A route takes whatever comes. */
  readonly takesAll: boolean;
}

export function wantedUpdates(source: SourceConfig, { routes }: AcklineConfig): WantedUpdates {
  const own = routes.filter(
    ({ match }) =>
      (match.source === null || match.source === source.name) &&
      (match.tenant === null || match.tenant === source.tenant),
  );
  const named = new Set(own.flatMap(({ match }) => match.type ?? []));
  return { named: [...named].sort(), takesAll: own.some(({ match }) => match.type === null) };
}

/** What routes name and Telegram does not send. `allowed`: as it says itself; empty: what it sends by default. */
export function leftOut({ named }: WantedUpdates, allowed: readonly string[] | undefined): readonly string[] {
  const isDefault = allowed === undefined || allowed.length === 0;
  return named.filter(type => (isDefault ? NOT_BY_DEFAULT.has(type) : !allowed.includes(type)));
}
