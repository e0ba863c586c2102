import { pbkdf2Sync, randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  AclOperations,
  AclPermissionTypes,
  Admin,
  alterUserScramCredentialsV0,
  Connection,
  ResourcePatternTypes,
  ResourceTypes,
} from '@platformatic/kafka';
import { type KafkaContainer, startKafka } from './containers.ts';
import { freePort } from './free-port.ts';
import { type MadeCertificate, makeCertificate } from './made-certificates.ts';

/** A broker that speaks TLS, by a certificate of an authority of this test. */
export interface SecuredKafka extends AsyncDisposable {
  /** In the clear, where nobody is asked who he is: for the test itself. */
  readonly open: KafkaContainer;
  /** By TLS, to who shows a user and a password. */
  readonly login: string;
  /** By TLS, to who shows a certificate of the authority. */
  readonly mutual: string;
  /** As the variables take them. */
  readonly files: Readonly<
    Record<'ca' | 'cert' | 'key' | 'strangeCa' | 'strangeCert' | 'strangeKey', string>
  >;
  /** By SCRAM-SHA-256 and -512, for new connections. */
  setPassword(user: string, password: string): Promise<void>;
  /** From then on nobody else may do anything with the topic. */
  allow(user: string, topic: string, operations: readonly Operation[]): Promise<void>;
}

export type Operation = 'ALL' | 'WRITE' | 'DESCRIBE_CONFIGS';

/** Of PLAIN, which the broker learns at its start. */
export const PLAIN_USER = { username: 'plain-user', password: 'plain-password' } as const;

const LOGIN = 'org.apache.kafka.common.security';
const SECRETS = '/etc/kafka/secrets';

export async function startSecuredKafka(): Promise<SecuredKafka> {
  const authority = makeCertificate({ name: 'Authority', isAuthority: true });
  const server = makeCertificate({ name: 'localhost', issuer: authority });
  const ports = { open: await freePort(), login: await freePort(), mutual: await freePort() };
  await using opened = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'ackline-kafka-tls-'));
  opened.defer(() => rm(folder, { recursive: true, force: true }));
  const files = await writeFiles(folder, authority);
  const open = opened.use(
    await startKafka(environment(ports), {
      port: ports.open,
      ports: [
        { container: 9096, host: ports.login },
        { container: 9097, host: ports.mutual },
      ],
      files: {
        [`${SECRETS}/server.pem`]: keyOf(server) + server.pem,
        [`${SECRETS}/authority.pem`]: authority.pem,
      },
    }),
  );
  const resources = opened.move();
  return {
    open,
    login: `localhost:${ports.login}`,
    mutual: `localhost:${ports.mutual}`,
    files,
    setPassword: (user, password) => setPassword(ports.open, user, password),
    allow: (user, topic, operations) => allow(open.brokers, user, { topic, operations }),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

function environment(ports: Readonly<Record<'open' | 'login' | 'mutual', number>>): Record<string, string> {
  const { username, password } = PLAIN_USER;
  return {
    KAFKA_LISTENERS: 'CONTROLLER://:9093,EXTERNAL://:9094,LOGIN://:9096,MUTUAL://:9097',
    KAFKA_ADVERTISED_LISTENERS: `EXTERNAL://localhost:${ports.open},LOGIN://localhost:${ports.login},MUTUAL://localhost:${ports.mutual}`,
    KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: 'CONTROLLER:PLAINTEXT,EXTERNAL:PLAINTEXT,LOGIN:SASL_SSL,MUTUAL:SSL',
    KAFKA_SSL_KEYSTORE_TYPE: 'PEM',
    KAFKA_SSL_KEYSTORE_LOCATION: `${SECRETS}/server.pem`,
    KAFKA_SSL_TRUSTSTORE_TYPE: 'PEM',
    KAFKA_SSL_TRUSTSTORE_LOCATION: `${SECRETS}/authority.pem`,
    KAFKA_LISTENER_NAME_MUTUAL_SSL_CLIENT_AUTH: 'required',
    KAFKA_LISTENER_NAME_LOGIN_SASL_ENABLED_MECHANISMS: 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
    KAFKA_LISTENER_NAME_LOGIN_PLAIN_SASL_JAAS_CONFIG: `${LOGIN}.plain.PlainLoginModule required user_${username}="${password}";`,
    KAFKA_LISTENER_NAME_LOGIN_SCRAM___SHA___256_SASL_JAAS_CONFIG: `${LOGIN}.scram.ScramLoginModule required;`,
    KAFKA_LISTENER_NAME_LOGIN_SCRAM___SHA___512_SASL_JAAS_CONFIG: `${LOGIN}.scram.ScramLoginModule required;`,
    KAFKA_AUTHORIZER_CLASS_NAME: 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    KAFKA_ALLOW_EVERYONE_IF_NO_ACL_FOUND: 'true',
    KAFKA_SUPER_USERS: 'User:ANONYMOUS',
  };
}

async function writeFiles(folder: string, authority: MadeCertificate): Promise<SecuredKafka['files']> {
  const client = makeCertificate({ name: 'ackline', issuer: authority });
  const strange = makeCertificate({ name: 'Stranger', isAuthority: true });
  const stranger = makeCertificate({ name: 'ackline', issuer: strange });
  const write = async (name: string, text: string) => {
    const path = join(folder, name);
    await writeFile(path, text);
    return path;
  };
  return {
    ca: await write('ca.crt', authority.pem),
    cert: await write('user.crt', client.pem),
    key: await write('user.key', keyOf(client)),
    strangeCa: await write('strange-ca.crt', strange.pem),
    strangeCert: await write('strange.crt', stranger.pem),
    strangeKey: await write('strange.key', keyOf(stranger)),
  };
}

async function allow(
  broker: string,
  user: string,
  { topic, operations }: { readonly topic: string; readonly operations: readonly Operation[] },
): Promise<void> {
  const admin = new Admin({ clientId: 'ackline-test', bootstrapBrokers: [broker] });
  try {
    await admin.createAcls({
      creations: operations.map(operation => ({
        resourceType: ResourceTypes.TOPIC,
        resourcePatternType: ResourcePatternTypes.LITERAL,
        permissionType: AclPermissionTypes.ALLOW,
        principal: `User:${user}`,
        host: '*',
        resourceName: topic,
        operation: AclOperations[operation],
      })),
    });
  } finally {
    await admin.close();
  }
}

function keyOf({ privateKey }: MadeCertificate): string {
  return String(privateKey.export({ type: 'pkcs8', format: 'pem' }));
}

/** As Kafka's protocol numbers them. */
const MECHANISMS = [
  { mechanism: 1, digest: 'sha256', bytes: 32 },
  { mechanism: 2, digest: 'sha512', bytes: 64 },
] as const;
const ITERATIONS = 4_096;

async function setPassword(port: number, name: string, password: string): Promise<void> {
  const connection = new Connection('ackline-test');
  await connection.connect('localhost', port);
  try {
    // One a request: the broker takes no user twice in one.
    for (const { mechanism, digest, bytes } of MECHANISMS) {
      const salt = randomBytes(16);
      const saltedPassword = pbkdf2Sync(password, salt, ITERATIONS, bytes, digest);
      const credential = { name, mechanism, iterations: ITERATIONS, salt, saltedPassword };
      await alterUserScramCredentialsV0.api.async(connection, [], [credential]);
    }
  } finally {
    await connection.close();
  }
}
