import { protocolErrorsCodesById } from '@platformatic/kafka';

/** What an error of Kafka's protocol says to those who send records. */
export type KafkaErrorMeaning =
  /** The topic takes other records, and never these. */
  | 'refused'
  /** As refused; and another try may change it. */
  | 'refused-now'
  /** Kafka has no topics with such a name. */
  | 'topic-refused'
  /** Another broker, or another partition, is the right one by now. A leader that lost its part may have stored the records. */
  | 'moved'
  /** Nobody leads the partition now. */
  | 'unled';

const MEANINGS: ReadonlyMap<string, KafkaErrorMeaning> = new Map([
  ['MESSAGE_TOO_LARGE', 'refused'],
  ['RECORD_LIST_TOO_LARGE', 'refused'],
  ['INVALID_RECORD', 'refused'],
  ['CORRUPT_MESSAGE', 'refused-now'],
  ['INVALID_TIMESTAMP', 'refused-now'],
  ['INVALID_TOPIC_EXCEPTION', 'topic-refused'],
  ['UNKNOWN_TOPIC_OR_PARTITION', 'moved'],
  ['NOT_LEADER_OR_FOLLOWER', 'moved'],
  ['FENCED_LEADER_EPOCH', 'moved'],
  ['UNKNOWN_LEADER_EPOCH', 'moved'],
  ['LEADER_NOT_AVAILABLE', 'unled'],
]);

/** null: a failure that says nothing of the records, nor of who leads. */
export function meaningOf(name: string | null): KafkaErrorMeaning | null {
  return name === null ? null : (MEANINGS.get(name) ?? null);
}

/** Kafka's own name of an error that a broker gave as a number; null: this release knows of none. */
export function errorName(code: number): string | null {
  return protocolErrorsCodesById[code] ?? null;
}

export function namesThatMean(...meanings: readonly KafkaErrorMeaning[]): readonly string[] {
  return [...MEANINGS].flatMap(([name, meaning]) => (meanings.includes(meaning) ? [name] : []));
}
