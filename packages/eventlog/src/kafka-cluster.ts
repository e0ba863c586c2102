import { isIP, type LookupFunction } from 'node:net';
import type { KafkaSasl, KafkaSecurity } from '@ackline/runtime/kafka-environment';
import type { TlsIdentity } from '@ackline/runtime/tls-files';
import { type ConnectionOptions, parseBroker } from '@platformatic/kafka';
import type { KafkaConfig } from 'kafkajs';

/** Where a Kafka is, and by what it is reached. */
export interface KafkaCluster {
  readonly brokers: readonly string[];
  /** Not there: in the clear, and nobody is proven. */
  readonly security?: KafkaSecurity | undefined;
}

/** What each connection of @platformatic/kafka is made with. `lookup` is for the names of brokers, where there is TLS. */
export function connectionOptions(
  { brokers, security }: KafkaCluster,
  lookup?: LookupFunction,
): Pick<ConnectionOptions, 'tls' | 'tlsServerName' | 'sasl'> {
  const { tls = null, sasl = null } = security ?? {};
  return {
    ...(tls === null ? {} : { tls: tlsOptions(tls, lookup), tlsServerName: areNames(brokers) }),
    ...(sasl === null ? {} : { sasl: { ...sasl, mechanism: MECHANISMS[sasl.mechanism] } }),
  };
}

/** The same for kafkajs. */
export function kafkajsOptions({ security }: KafkaCluster): Pick<KafkaConfig, 'ssl' | 'sasl'> {
  const { tls = null, sasl = null } = security ?? {};
  return {
    ...(tls === null ? {} : { ssl: tlsOptions(tls) }),
    ...(sasl === null ? {} : { sasl: kafkajsSasl(sasl) }),
  };
}

const MECHANISMS = {
  plain: 'PLAIN',
  'scram-sha-256': 'SCRAM-SHA-256',
  'scram-sha-512': 'SCRAM-SHA-512',
} as const satisfies Record<KafkaSasl['mechanism'], string>;

/** Brokers behind one address are told by the name that is called. An address is none, and Node warns of one. */
function areNames(brokers: readonly string[]): boolean {
  return brokers.some(broker => isIP(parseBroker(broker).host) === 0);
}

/** Both clients read it anew for each connection. No variable of Node's turns the check of certificates off. */
function tlsOptions(tls: TlsIdentity, lookup?: LookupFunction) {
  const common = {
    rejectUnauthorized: true,
    get secureContext() {
      return tls.context();
    },
  };
  return lookup === undefined
    ? common
    : Object.defineProperty(common, 'lookup', { value: lookup, enumerable: true });
}

function kafkajsSasl({ mechanism, username, password }: KafkaSasl): NonNullable<KafkaConfig['sasl']> {
  return {
    mechanism: mechanism as 'plain',
    username,
    get password() {
      return password();
    },
  };
}
