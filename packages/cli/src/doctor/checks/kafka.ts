import type { OpenedTopic } from '@ackline/eventlog/kafka-topic';
import { kafkaSettings } from '@ackline/runtime/kafka-environment';
import { AppError } from '@ackline/shared/app-error';
import { DAY_MS } from '@ackline/shared/config/units';
import { type Examination, finding } from '../examination.ts';
import type { FindingId } from '../finding-rows.ts';
import { type Examined, type Finding, notLookedAt, only } from '../finding.ts';
import type { DoctorEnvironment } from './environment.ts';
import { problemText } from './problem-text.ts';

/** A cluster that elects a leader takes some seconds. */
const DEADLINE_MS = 5_000;

/** The topic against the ack contract, and what it keeps against the dedup window. */
export async function examineKafka(
  examination: Examination,
  env: DoctorEnvironment | null,
): Promise<Examined> {
  const kafka = env === null ? null : kafkaSettings(env);
  if (kafka === null) return notLookedAt('Kafka', 'KAFKA_BROKERS is not set: PostgreSQL takes every event');
  // Here and not above: the Kafka client takes longer to load than all the rest.
  const { longestStayMs, openTopic } = await import('@ackline/eventlog/kafka-topic');
  try {
    const topic = await openTopic({
      ...kafka,
      durability: 'single-node',
      create: false,
      deadlineMs: DEADLINE_MS,
    });
    const isMeant = kafka.durability === 'single-node';
    return only([...topicFindings(topic, { isMeant }), ...windowFindings(examination, longestStayMs(topic))]);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return only([finding(FINDING_OF[error.code] ?? 'kafka-unreachable', null, problemText(error))]);
  }
}

const FINDING_OF: Partial<Readonly<Record<AppError['code'], FindingId>>> = {
  ACKLINE_KAFKA_LOGIN_REFUSED: 'kafka-login-refused',
  ACKLINE_KAFKA_TLS_FAILED: 'kafka-tls-failed',
  ACKLINE_KAFKA_NOT_ALLOWED: 'kafka-not-allowed',
};

/** `isMeant`: a weaker topic is declared. One of a single node can have the brokers' time all the same. */
export function topicFindings(
  { name, weaknesses, tolerated }: Pick<OpenedTopic, 'name' | 'weaknesses' | 'tolerated'>,
  { isMeant }: { readonly isMeant: boolean },
): readonly Finding[] {
  const subject = `topic ${name}`;
  return [
    ...(isMeant ? [] : weaknesses.map(what => finding('kafka-not-durable', subject, what))),
    ...tolerated.map(what => finding('kafka-time-of-producers', subject, what)),
  ];
}

/** `stayMs`: how long a record may be in the topic; -1: without end. */
export function windowFindings({ acklineConfig }: Examination, stayMs: number): readonly Finding[] {
  if (stayMs === -1)
    return [finding('kafka-retention-endless', null, 'the topic keeps its records without end')];
  const neededMs = stayMs + DAY_MS;
  const window = acklineConfig?.retention.dedupMs ?? null;
  if (window === null || window >= neededMs) return [];
  const days = (ms: number) => `${Math.ceil(ms / DAY_MS)}d`;
  return [
    finding(
      'dedup-window-raised',
      'retention.dedup',
      `it is ${days(window)}, records may be in Kafka for ${days(stayMs)}, so that keys are kept ${days(neededMs)}`,
    ),
  ];
}
