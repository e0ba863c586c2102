import { parseEnvironment } from '@ackline/runtime/environment';
import { commonFields, eventLogFields } from '@ackline/runtime/environment-fields';
import { checkKafka, kafkaFields, kafkaSettings } from '@ackline/runtime/kafka-environment';
import { isLoopback } from '@ackline/runtime/loopback';
import { AppError } from '@ackline/shared/app-error';
import { z } from 'zod';
import { DEFAULT_MAX_CONNECTIONS } from '../connection-figures.ts';
import { type Examination, finding } from '../examination.ts';
import type { Finding } from '../finding.ts';

/** Fewer are taken by one busy provider and its retries. */
const LEAST_CONNECTIONS = 100;

const { POSTGRES_STANDBYS, WEBHOOK_WORKERS } = eventLogFields;
const { SPOOL_DIR, SPOOL_DURABILITY, SPOOL_MAX_AGE, SPOOL_MAX_BYTES } = eventLogFields;
const doctorEnvironment = z
  .object({
    ...commonFields,
    ...kafkaFields,
    POSTGRES_STANDBYS,
    SPOOL_DIR,
    SPOOL_DURABILITY,
    SPOOL_MAX_AGE,
    SPOOL_MAX_BYTES,
    WEBHOOK_WORKERS,
  })
  .superRefine(checkKafka);

export type DoctorEnvironment = ReturnType<typeof parseEnvironment<typeof doctorEnvironment>>;

/** What the systems before had, and what stands in its place. */
const OBSOLETE: Readonly<Record<string, string>> = {
  MONGO_URI: 'DATABASE_URL, with PostgreSQL',
  VIP_MONGO_URI: 'DATABASE_URL; tenants are told apart by `tenant` of their source',
  WEBHOOK_METRICS_ENABLED:
    'nothing: /metrics is always there, on the operations port (OPS_PORT) alone, since alerts, scaling and `ackline top` read it',
  WEBHOOK_TIMEOUT_MS: 'nothing: an append has one second, and `ackline bench` says how many took over 500 ms',
  FAST_VALIDATION_TIMEOUT: 'nothing: `ackline bench` says how many took over 100 ms',
};

/** null: it does not parse, and that is the finding. */
export function readDoctorEnvironment({ config }: Examination): {
  readonly env: DoctorEnvironment | null;
  readonly findings: readonly Finding[];
} {
  try {
    return { env: parseEnvironment(doctorEnvironment, config.environment), findings: [] };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const each = error.message.replace(/^Environment: /, '').split('; ');
    return { env: null, findings: each.map(what => finding('environment-invalid', null, what)) };
  }
}

export function examineEnvironment(
  examination: Examination,
  env: DoctorEnvironment | null,
): readonly Finding[] {
  const { isProduction } = examination;
  return [
    ...obsoleteVariables(examination),
    ...(isProduction ? tlsFindings(examination) : []),
    ...(isProduction && env !== null ? kafkaFindings(env) : []),
    ...(isProduction && env !== null ? logFindings(examination, env) : []),
    ...(isProduction ? processFindings(examination) : []),
  ];
}

function obsoleteVariables({ config }: Examination): readonly Finding[] {
  const testMode = valueOf(config.environment, 'TEST_MODE');
  const others = Object.entries(OBSOLETE).filter(([name]) => valueOf(config.environment, name) !== null);
  return [
    ...(testMode === null
      ? []
      : [finding('variable-of-test-mode', 'TEST_MODE', 'it is set, and there is no such mode any more')]),
    ...others.map(([name, instead]) => finding('variable-obsolete', name, `in its place: ${instead}`)),
  ];
}

function tlsFindings({ config }: Examination): readonly Finding[] {
  const name = 'NODE_TLS_REJECT_UNAUTHORIZED';
  return config.environment[name] === '0' ? [finding('tls-unchecked', name, 'it is 0')] : [];
}

/** Of brokers that others reach. */
function kafkaFindings(env: DoctorEnvironment): readonly Finding[] {
  const kafka = kafkaSettings(env);
  if (kafka === null || kafka.brokers.every(isOnThisMachine)) return [];
  const { tls, sasl } = kafka.security;
  if (tls === null && sasl?.mechanism === 'plain')
    return [finding('kafka-password-in-clear', 'KAFKA_TLS', 'it is false, with KAFKA_SASL_MECHANISM=plain')];
  if (tls === null) return [finding('kafka-open', 'KAFKA_TLS', 'brokers are reached without TLS')];
  if (sasl !== null || tls.hasCertificate) return [];
  const what = 'neither it nor KAFKA_TLS_CERT_FILE is set';
  return [finding('kafka-open', 'KAFKA_SASL_MECHANISM', what)];
}

function isOnThisMachine(broker: string): boolean {
  return isLoopback(broker.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1'));
}

function logFindings({ setup }: Examination, env: DoctorEnvironment): readonly Finding[] {
  const findings: Finding[] = [];
  if (env.KAFKA_BROKERS !== null && env.KAFKA_DURABILITY === 'single-node') {
    findings.push(
      finding('kafka-of-one-node', 'KAFKA_DURABILITY', 'it declares that a weaker topic is meant'),
    );
  }
  if (env.SPOOL_DURABILITY === 'ephemeral') {
    findings.push(
      finding('spool-ephemeral', 'SPOOL_DURABILITY', 'it declares that storage may end with the pod'),
    );
  }
  // `ackline up` sets it for its services: of one that runs, its ingress is asked.
  if (env.SPOOL_DIR === null && setup?.isRunning !== true) {
    findings.push(
      finding(
        'spool-missing',
        'SPOOL_DIR',
        'it is not set; of the ways to start, `ackline up` alone sets it',
      ),
    );
  }
  return findings;
}

function processFindings({ config }: Examination): readonly Finding[] {
  const processes = numberOf(config.environment, 'INGRESS_PROCESSES', 1);
  const connections = numberOf(config.environment, 'WEBHOOK_MAX_CONNECTIONS', DEFAULT_MAX_CONNECTIONS);
  const hasRedis = valueOf(config.environment, 'REDIS_URL') !== null;
  return [
    ...(processes > 1 && !hasRedis
      ? [finding('redis-missing', 'REDIS_URL', `it is not set, and INGRESS_PROCESSES is ${processes}`)]
      : []),
    ...(connections < LEAST_CONNECTIONS
      ? [finding('connections-few', 'WEBHOOK_MAX_CONNECTIONS', `an ingress process takes ${connections}`)]
      : []),
  ];
}

/** As a service reads it; one that is no number is refused there. */
export function numberOf(
  environment: Examination['config']['environment'],
  name: string,
  fallback: number,
): number {
  const text = valueOf(environment, name);
  return text !== null && /^\d{1,9}$/.test(text) ? Number(text) : fallback;
}

function valueOf(environment: Examination['config']['environment'], name: string): string | null {
  const value = environment[name] ?? '';
  return value === '' ? null : value;
}
