import { EVENTS_TOPIC } from '../events-topic.ts';
import type { Finding } from './finding.ts';

// A destination's type and what belongs to it. Ackline's own topic is refused: what is put there would come back without end.
const OF_HTTP = ['url'] as const;
const OF_KAFKA = ['topic', 'key', 'headers', 'brokers'] as const;

/** What belongs to the type of a destination. What has the wrong form is left to the schema. */
export function destinationFindings(
  destination: Readonly<Record<string, unknown>> | undefined,
  index: number,
): Finding[] {
  const type = destination?.['type'];
  if (destination === undefined || (type !== 'http' && type !== 'kafka')) return [];
  const foreign = (type === 'http' ? OF_KAFKA : OF_HTTP).filter(key => destination[key] !== undefined);
  const other = type === 'http' ? 'kafka' : 'http';
  const at = (key: string, message: string): Finding => ({ path: ['destinations', index, key], message });
  return [
    ...foreign.map(key =>
      at(key, `belongs to a destination of type ${other}, and this is one of type ${type}`),
    ),
    ...(type === 'http' && destination['url'] === undefined
      ? [at('url', 'is missing: must be an http or https URL such as https://app.internal/events')]
      : []),
    ...(type === 'kafka' ? kafkaFindings(destination, at) : []),
  ];
}

function kafkaFindings(
  { topic, key, ordering }: Readonly<Record<string, unknown>>,
  at: (key: string, message: string) => Finding,
): Finding[] {
  const findings: Finding[] = [];
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
