import { isObject } from '@ackline/shared/providers/body/json-body';
import type { HandlerLogLine, RelayedMessage, ServiceName } from './protocol.ts';

const SERVICES: Readonly<Record<ServiceName, true>> = {
  'once.begin': true,
  'once.end': true,
  'cache.get': true,
  'cache.set': true,
  'cache.delete': true,
  'cache.lease': true,
  'cache.release': true,
  'limit.take': true,
};
const LEVELS: Readonly<Record<HandlerLogLine['level'], true>> = {
  debug: true,
  info: true,
  warn: true,
  error: true,
};

/**
 * What a thread says, where it has the form that the host counts on; null: it is none of ours. A module that takes its thread for one
 * of its own may say anything.
 */
export function relayedMessage(said: unknown): RelayedMessage | null {
  return isObject(said) && isWellFormed(said) ? (said as unknown as RelayedMessage) : null;
}

function isWellFormed(said: Readonly<Record<string, unknown>>): boolean {
  switch (said['kind']) {
    case 'call':
      return Object.hasOwn(SERVICES, String(said['service'])) && isObject(said['request']);
    case 'attribute':
      return typeof said['name'] === 'string' && isAttributeValue(said['value']);
    case 'log':
      return isLine(said['line']);
    default:
      return false;
  }
}

function isAttributeValue(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

function isLine(line: unknown): boolean {
  return (
    isObject(line) &&
    Object.hasOwn(LEVELS, String(line['level'])) &&
    typeof line['event'] === 'string' &&
    isObject(line['fields'])
  );
}
