import type { Origin } from '../origins.ts';

/** What keeps connections, by its module: made with `new` or by a call. '' is the module itself. */
const CLIENTS: Readonly<Record<string, readonly string[]>> = {
  pg: ['Pool', 'Client'],
  'pg-promise': [''],
  postgres: [''],
  mysql: ['createPool', 'createConnection'],
  mysql2: ['createPool', 'createConnection'],
  'mysql2/promise': ['createPool', 'createConnection'],
  mongodb: ['MongoClient', 'connect'],
  mongoose: ['connect', 'createConnection'],
  '@prisma/client': ['PrismaClient'],
  knex: ['', 'knex'],
  sequelize: ['', 'Sequelize'],
  typeorm: ['DataSource', 'createConnection'],
  redis: ['createClient', 'createCluster'],
  ioredis: ['', 'Redis', 'Cluster'],
  undici: ['Agent', 'Pool', 'Client', 'ProxyAgent', 'RetryAgent', 'BalancedPool'],
  http: ['Agent'],
  https: ['Agent'],
  agentkeepalive: ['', 'HttpsAgent', 'HttpAgent'],
  'https-proxy-agent': ['', 'HttpsProxyAgent'],
  'socks-proxy-agent': ['', 'SocksProxyAgent'],
  axios: ['create'],
  got: ['extend'],
  ky: ['create', 'extend'],
  telegraf: ['Telegraf', 'Telegram'],
  grammy: ['Bot', 'Api'],
  'node-telegram-bot-api': [''],
  twilio: ['', 'Twilio'],
  stripe: ['', 'Stripe'],
  openai: ['', 'OpenAI', 'AzureOpenAI'],
  '@anthropic-ai/sdk': ['', 'Anthropic'],
  '@google/generative-ai': ['GoogleGenerativeAI'],
  '@slack/web-api': ['WebClient'],
  '@supabase/supabase-js': ['createClient'],
  nodemailer: ['createTransport'],
  kafkajs: ['Kafka'],
  amqplib: ['connect'],
  bullmq: ['Queue', 'Worker', 'QueueEvents'],
  bull: [''],
  '@elastic/elasticsearch': ['Client'],
  '@google-cloud/storage': ['Storage'],
  '@google-cloud/pubsub': ['PubSub'],
  minio: ['Client'],
  googleapis: ['google.auth.GoogleAuth'],
};
const AWS = /^@aws-sdk\/(?:client|lib)-/;
const AWS_CLIENT = /(?:Client|Document)$|^(?:S3|SQS|SNS|DynamoDB|SecretsManager|Lambda|SES)$/;

/** The client as people call it ("pg.Pool"); null: it is none. */
export function clientName({ module, names }: Origin, isNew: boolean): string | null {
  if (module === null) return null;
  const name = names.join('.');
  if (AWS.test(module)) return isNew && AWS_CLIENT.test(name) ? name : null;
  if (!isKnown(module, names)) return null;
  // A class that is called without `new` is something else of that name.
  if (!isNew && /^[A-Z][A-Za-z]*$/.test(name)) return null;
  return name === '' ? module : `${module}.${name}`;
}

function isKnown(module: string, names: readonly string[]): boolean {
  const known = CLIENTS[module];
  if (known === undefined) return false;
  // `MongoClient.connect(…)`: a factory of the class.
  return known.includes(names.join('.')) || (names[1] === 'connect' && known.includes(names[0] ?? ''));
}
