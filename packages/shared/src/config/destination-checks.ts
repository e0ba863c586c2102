import { EVENTS_TOPIC } from '../events-topic.ts';
import type { Finding } from './finding.ts';
import { headersField, httpHeaderProblems, recordHeadersProblem } from './header-fields.ts';
import { handlerFields } from './schema-handler.ts';
import { kafkaSecurityFields } from './schema-kafka.ts';
import type { DestinationConfig } from './types.ts';

type DestinationType = DestinationConfig['type'];
type Entry = Readonly<Record<string, unknown>>;
type At = (key: string, message: string) => Finding;

// A destination's type and what belongs to it. Ackline's own topic is refused: what is put there would come back without end.
const KEYS_OF: Readonly<Record<DestinationType, readonly string[]>> = {
  http: ['url', 'headers', 'signingSecret'],
  kafka: ['topic', 'key', 'headers', 'brokers', ...Object.keys(kafkaSecurityFields), 'signingSecret'],
  handler: Object.keys(handlerFields),
};
const TYPES: readonly DestinationType[] = ['http', 'kafka', 'handler'];

/** What belongs to the type of a destination. What has the wrong form is left to the schema. */
export function destinationFindings(destination: Entry | undefined, index: number): Finding[] {
  const type = TYPES.find(one => one === destination?.['type']);
  if (destination === undefined || type === undefined) return [];
  const at: At = (key, message) => ({ path: ['destinations', index, key], message });
  return [
    ...foreignKeys(destination, type, at),
    ...missing[type](destination, at),
    ...headerFindings(destination, index),
    ...lostNames(destination, index),
  ];
}

/** Whose names are the user's own. */
const MAPS = ['headers', 'secrets', 'settings'] as const;
/** No member of objects in JavaScript: what has this name would be dropped without a word. */
const LOST_NAME = '__proto__';

function lostNames(destination: Entry, index: number): Finding[] {
  return MAPS.filter(map => Object.hasOwn(Object(destination[map]), LOST_NAME)).map(map => ({
    path: ['destinations', index, map, LOST_NAME],
    message: 'can not be a name here: take it out',
  }));
}

function foreignKeys(destination: Entry, type: DestinationType, at: At): Finding[] {
  const foreign = new Set(TYPES.flatMap(other => KEYS_OF[other]).filter(key => !KEYS_OF[type].includes(key)));
  return [...foreign]
    .filter(key => destination[key] !== undefined)
    .map(key => {
      const owners = TYPES.filter(other => KEYS_OF[other].includes(key)).join(' or ');
      return at(key, `belongs to a destination of type ${owners}, and this is one of type ${type}`);
    });
}

const missing: Readonly<Record<DestinationType, (destination: Entry, at: At) => Finding[]>> = {
  http: ({ url }, at) =>
    url === undefined
      ? [at('url', 'is missing: must be an http or https URL such as https://app.internal/events')]
      : [],
  kafka: kafkaFindings,
  handler: ({ module }, at) =>
    module === undefined
      ? [at('module', 'is missing: must be the path of a module such as ./handlers/bot.ts')]
      : [],
};

function kafkaFindings({ topic, key, ordering, brokers, ...security }: Entry, at: At): Finding[] {
  const findings: Finding[] = [];
  for (const name of Object.keys(kafkaSecurityFields)) {
    if (security[name] !== undefined && brokers === undefined)
      findings.push(
        at(name, 'is for brokers of its own: those of KAFKA_BROKERS are reached as the environment says'),
      );
  }
  findings.push(...halfOfAPair(security['tls'], at));
  if (topic === undefined) findings.push(at('topic', 'is missing: must be the name of a topic'));
  if (topic === EVENTS_TOPIC) {
    findings.push(at('topic', "is Ackline's own, where events come from: name another one"));
  }
  if (ordering === 'key' && (key === 'event-id' || key === 'none')) {
    const message =
      'puts the events of one chat or customer into any partition, so "ordering: key" would mean nothing: use ordering-key';
    findings.push(at('key', message));
  }
  return findings;
}

function halfOfAPair(tls: unknown, at: At): Finding[] {
  if (typeof tls !== 'object' || tls === null) return [];
  const has = (key: string) => Reflect.get(tls, key) !== undefined;
  if (has('certFile') === has('keyFile')) return [];
  const [key, message] = has('certFile')
    ? ['keyFile', 'is missing: the key of certFile']
    : ['certFile', 'is missing: the certificate of keyFile'];
  const { path } = at('tls', message);
  return [{ path: [...path, key], message }];
}

function headerFindings({ type, headers }: Entry, index: number): Finding[] {
  const given = headersField.safeParse(headers);
  if (!given.success) return [];
  const path = ['destinations', index, 'headers'];
  if (type === 'kafka') {
    const message = recordHeadersProblem(given.data);
    return message === null ? [] : [{ path, message }];
  }
  if (type !== 'http') return [];
  return httpHeaderProblems(given.data).map(({ name, message }) => ({
    path: name === null ? path : [...path, name],
    message,
  }));
}
