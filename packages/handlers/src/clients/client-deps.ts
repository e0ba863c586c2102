import { hash } from 'node:crypto';
import { valueAt } from '@ackline/shared/providers/body/json-body';
import { HandlerError } from '../handler-error.ts';
import type { ClientCall } from '../http/call-plan.ts';
import type { OutboundAnswer } from '../http/outbound-http.ts';
import type { ServiceRequest } from '../thread/protocol.ts';

export type Limit = ServiceRequest<'limit.take'>;

/** What the clients of providers work with. */
export interface ClientDeps {
  request(url: string, call: ClientCall): Promise<OutboundAnswer>;
  /** Resolves when there is a point of it. */
  take(limit: Limit, signal: AbortSignal): Promise<void>;
  readonly secrets: Readonly<Record<string, string>>;
  readonly settings: Readonly<Record<string, unknown>>;
}

/** A secret that a client can't do without. */
export function secretOf({ secrets }: ClientDeps, name: string, client: string): string {
  const value = secrets[name];
  if (value !== undefined && value !== '') return value;
  const words = `ctx.clients.${client} needs ${name} among the destination's secrets`;
  throw new HandlerError(words, { kind: 'failed', code: 'SECRET_MISSING' });
}

/** `settings.<client>.<name>`, where it is a text; for a server of one's own, or of a test. */
export function textSetting(
  { settings }: ClientDeps,
  path: readonly [client: string, name: string],
): string | null {
  const value = valueAt(settings, ...path);
  return typeof value === 'string' && value !== '' ? value : null;
}

/** The same for the same secret, and nothing that it could be guessed by: part of a limit's key. */
export function fingerprint(secret: string): string {
  return hash('sha256', secret, 'hex').slice(0, 16);
}

/** A base of URLs, without the slash at its end. */
export function baseUrl(given: string | null, usual: string): string {
  return (given ?? usual).replace(/\/+$/, '');
}
