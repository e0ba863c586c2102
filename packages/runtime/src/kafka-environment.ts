import { kafkaMechanisms } from '@ackline/shared/config/kafka-mechanisms';
import { z } from 'zod';
import { openTlsIdentity, tlsFileProblems, type TlsFiles, type TlsIdentity } from './tls-files.ts';

/** How brokers are proven, and who Ackline is to them. */
export interface KafkaSecurity {
  /** null: in the clear. */
  readonly tls: TlsIdentity | null;
  readonly sasl: KafkaSasl | null;
}

export interface KafkaSasl {
  readonly mechanism: (typeof kafkaMechanisms)[number];
  readonly username: string;
  /** Asked for with each connection; not for logs. */
  readonly password: () => string;
}

/** The Kafka of the event log. */
export interface KafkaSettings {
  readonly brokers: readonly string[];
  readonly durability: 'cluster' | 'single-node';
  readonly security: KafkaSecurity;
}

/** More bootstrap brokers than any cluster needs. */
const MAX_BROKERS = 64;
const BROKER = /^(?:[A-Za-z0-9._-]{1,253}|\[[0-9a-fA-F:]{2,45}\]):\d{1,5}$/;
const BROKERS_RULE = 'must be host:port, or several of them with commas between';

const file = z.string().nullable().default(null);
/** What brokers take in a login; a line break is what a copy left. */
const credential = z
  .string()
  .regex(/^[^\0\r\n]{1,1000}$/, 'must be one line')
  .nullable()
  .default(null);

/** Where the event log's Kafka is, and by what it is reached. A service spreads them into its schema, which `checkKafka` refines. */
export const kafkaFields = {
  KAFKA_BROKERS: z
    .string()
    .transform(text => text.split(',').map(broker => broker.trim()))
    .refine(list => list.length <= MAX_BROKERS && list.every(broker => BROKER.test(broker)), BROKERS_RULE)
    .nullable()
    .default(null)
    .meta({
      title: '`host:port`, several with commas',
      description: 'The Kafka to append to. The same in ingress and processor.',
      unset: 'no Kafka: PostgreSQL takes every event',
    }),
  KAFKA_DURABILITY: z
    .enum(['cluster', 'single-node'], 'must be cluster or single-node')
    .default('cluster')
    .meta({
      title: '`cluster` or `single-node`',
      description:
        'cluster: an ingress refuses a topic that is weaker than the contract; processors read what is in it all the same. single-node: it is used. `/health` names what is weaker.',
    }),
  KAFKA_TLS: z.enum(['true', 'false'], 'must be true or false').nullable().default(null).meta({
    title: '`true` or `false`',
    description:
      'true: brokers are reached by TLS, and their certificates have to be for the names by which they are reached. false with KAFKA_SASL_MECHANISM: a login in the clear, for a listener that has no TLS.',
    unset: '`true` where another KAFKA_TLS_… or KAFKA_SASL_… is set, else `false`',
  }),
  KAFKA_TLS_CA_FILE: file.meta({
    title: 'path, PEM',
    description:
      'The authorities that certificates of brokers have to be of, and no others. As the next two it is read again by each new connection once it has changed.',
    unset: "Node's own, and NODE_EXTRA_CA_CERTS",
  }),
  KAFKA_TLS_CERT_FILE: file.meta({
    title: 'path, PEM',
    description: 'The certificate, with those between it and its authority, that brokers are shown (mTLS).',
    unset: 'none is shown',
  }),
  KAFKA_TLS_KEY_FILE: file.meta({
    title: 'path, PEM',
    description: 'Its key, without a pass phrase. Needed with KAFKA_TLS_CERT_FILE.',
    unset: 'none',
  }),
  KAFKA_SASL_MECHANISM: z
    .enum(kafkaMechanisms, `must be one of ${kafkaMechanisms.join(', ')}`)
    .nullable()
    .default(null)
    .meta({
      title: kafkaMechanisms.map(name => `\`${name}\``).join(', '),
      description: 'How KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD are shown to brokers; it needs both.',
      unset: 'no login',
    }),
  KAFKA_SASL_USERNAME: credential.meta({ title: 'text', description: 'Of the login.', unset: 'no login' }),
  KAFKA_SASL_PASSWORD: credential.meta({
    title: 'text',
    description: 'Of the login.',
    unset: 'no login',
    secret: true,
  }),
} as const;

export type KafkaVariables = {
  readonly [Name in keyof typeof kafkaFields]: Readonly<z.output<(typeof kafkaFields)[Name]>>;
};

const FILE_VARIABLES = {
  caFile: 'KAFKA_TLS_CA_FILE',
  certFile: 'KAFKA_TLS_CERT_FILE',
  keyFile: 'KAFKA_TLS_KEY_FILE',
} as const satisfies Record<keyof TlsFiles, keyof KafkaVariables>;

/** What none of the variables is wrong by alone. Reads the files. */
export function checkKafka(env: KafkaVariables, context: z.RefinementCtx): void {
  const at = (name: keyof KafkaVariables, message: string) =>
    context.addIssue({ code: 'custom', path: [name], message });
  const isSet = (name: keyof KafkaVariables) => env[name] !== null;
  const needs = (name: keyof KafkaVariables, other: keyof KafkaVariables) => {
    if (isSet(name) && !isSet(other)) at(other, `must be set, since ${name} is`);
  };
  needs('KAFKA_TLS_CERT_FILE', 'KAFKA_TLS_KEY_FILE');
  needs('KAFKA_TLS_KEY_FILE', 'KAFKA_TLS_CERT_FILE');
  needs('KAFKA_SASL_USERNAME', 'KAFKA_SASL_MECHANISM');
  needs('KAFKA_SASL_PASSWORD', 'KAFKA_SASL_MECHANISM');
  needs('KAFKA_SASL_MECHANISM', 'KAFKA_SASL_USERNAME');
  needs('KAFKA_SASL_MECHANISM', 'KAFKA_SASL_PASSWORD');
  const [named] = Object.values(FILE_VARIABLES).filter(isSet);
  if (env.KAFKA_TLS === 'false' && named !== undefined)
    at('KAFKA_TLS', `must be true, or not be set, since ${named} is`);
  for (const { file: which, problem } of tlsFileProblems(filesOf(env))) at(FILE_VARIABLES[which], problem);
}

/** null: there is no Kafka. Of variables that `checkKafka` has passed. */
export function kafkaSettings(env: KafkaVariables): KafkaSettings | null {
  const { KAFKA_BROKERS: brokers, KAFKA_DURABILITY: durability } = env;
  return brokers === null ? null : { brokers, durability, security: kafkaSecurity(env) };
}

function kafkaSecurity(env: KafkaVariables): KafkaSecurity {
  const { KAFKA_SASL_MECHANISM: mechanism, KAFKA_SASL_USERNAME: username } = env;
  const password = env.KAFKA_SASL_PASSWORD;
  const sasl =
    mechanism === null || username === null || password === null
      ? null
      : { mechanism, username, password: () => password };
  const files = filesOf(env);
  const isImplied = sasl !== null || Object.values(files).some(path => path !== null);
  const hasTls = env.KAFKA_TLS === null ? isImplied : env.KAFKA_TLS === 'true';
  return { tls: hasTls ? openTlsIdentity(files) : null, sasl };
}

function filesOf(env: KafkaVariables): TlsFiles {
  return {
    caFile: env.KAFKA_TLS_CA_FILE,
    certFile: env.KAFKA_TLS_CERT_FILE,
    keyFile: env.KAFKA_TLS_KEY_FILE,
  };
}
