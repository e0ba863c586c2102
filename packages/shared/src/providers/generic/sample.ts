import { hash } from 'node:crypto';

import type { Provider } from '../../provider.ts';
import { type GenericOptions, isJsonType } from './options.ts';
import type { Proving } from './proving.ts';
import { pointerSteps } from '../body/json-pointer.ts';

/** Several, so that routes, and order per key, can be watched. */
const SAMPLE_TYPES = ['sample.created', 'sample.updated', 'sample.deleted'] as const;
const SAMPLE_KEYS = 5;
const SAMPLE_ID_CHARS = 24;

/** What such a sender might send: its id, type and ordering key where the options have them. */
export function createGenericSample(options: GenericOptions, proving: Proving): Provider['sample'] {
  const type = options.contentTypes.find(isJsonType) ?? options.contentTypes[0] ?? '';
  return ({ url, secret, sequence, now, body: given }) => {
    const id = hash('sha256', `${now}/${sequence}`, 'hex').slice(0, SAMPLE_ID_CHARS);
    const texts: readonly (readonly [place: string | undefined, text: string])[] = [
      [options.id, id],
      [options.orderingKey, `customer-${sequence % SAMPLE_KEYS}`],
      [options.type, SAMPLE_TYPES[sequence % SAMPLE_TYPES.length] ?? ''],
    ];
    const example = () => (isJsonType(type) ? jsonBody(texts, sequence) : `sample ${sequence} 👋\n`);
    const body = given ?? Buffer.from(example());
    const timestamp = timeText(now, options.timestampUnit);
    const headers: [string, string][] = [
      ['Content-Type', type],
      [options.header, proving.prove(secret, { url, body, timestamp, id })],
    ];
    if (options.timestampHeader !== undefined) headers.push([options.timestampHeader, timestamp]);
    for (const [place, text] of texts) {
      const isTaken = headers.some(([name]) => name.toLowerCase() === place?.toLowerCase());
      if (place !== undefined && !place.startsWith('/') && !isTaken) headers.push([place, text]);
    }
    return { headers, body };
  };
}

function timeText(now: number, unit: GenericOptions['timestampUnit'] = 's'): string {
  if (unit === 'iso') return new Date(now).toISOString();
  return String(unit === 'ms' ? now : Math.floor(now / 1_000));
}

function jsonBody(texts: readonly (readonly [string | undefined, string])[], sequence: number): string {
  const root = new Map<string, unknown>([['message', `Sample ${sequence} 👋`]]);
  for (const [place, text] of texts.toReversed()) {
    const steps = place === undefined ? null : pointerSteps(place);
    if (steps !== null) put(root, steps, text);
  }
  return JSON.stringify(root, (_, value: unknown) =>
    value instanceof Map ? Object.fromEntries(value) : value,
  );
}

/** Of two pointers of which one leads through the other, the one that is put last stays. */
function put(root: Map<string, unknown>, steps: readonly string[], text: string): void {
  let current = root;
  for (const step of steps.slice(0, -1)) {
    const known = current.get(step);
    const next = known instanceof Map ? (known as Map<string, unknown>) : new Map<string, unknown>();
    current.set(step, next);
    current = next;
  }
  current.set(steps.at(-1) ?? '', text);
}
