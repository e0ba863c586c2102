import { createHmac } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { RESPONDIO_KEY } from '../system.ts';
import type {
  BotCourse,
  BotMessage,
  BotScenario,
  Check,
  Conversation,
  OpenedScenario,
} from './bot-scenario.ts';
import { exampleConfig } from './example-config.ts';

const EXAMPLE = fileURLToPath(new URL('../../../examples/respondio-intake/', import.meta.url));
const CONVERSATIONS_PER_SECOND = 8;
const TENANTS = ['faster', 'vip'] as const;
/** What a contact writes, and what it is answered. */
const DIRECTIONS = ['incoming', 'outgoing', 'incoming', 'incoming', 'outgoing'] as const;
const FIRST_AT = 1_790_000_000_000;

export const respondioIntake: BotScenario = { name: 'respondio-intake', open };

async function open(databaseUrl: string): Promise<OpenedScenario> {
  const names = TENANTS.flatMap(tenant => ['INCOMING', 'OUTGOING'].map(way => [tenant.toUpperCase(), way]));
  return {
    configText: await exampleConfig(EXAMPLE, {}),
    env: Object.fromEntries(names.map(([tenant, way]) => [`RESPONDIO_${tenant}_${way}_KEY`, RESPONDIO_KEY])),
    rate: CONVERSATIONS_PER_SECOND,
    conversation,
    idOf: dedupKey => dedupKey.split('|').at(-1) ?? dedupKey,
    judge: async course => judge(course, await readRows(databaseUrl)),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

const tenantOf = (number: number) => TENANTS[number % TENANTS.length] ?? TENANTS[0];
const keyOf = (number: number) => `${tenantOf(number)} ${number}`;
const idOf = (key: string, index: number) => `msg-${key.replace(' ', '-')}-${index}`;
const textOf = (key: string, index: number) => `Message ${index} of ${key}`;

function conversation(number: number): Conversation {
  const key = keyOf(number);
  return { key, messages: DIRECTIONS.map((direction, index) => message(number, index, direction)) };
}

function message(number: number, index: number, direction: string): BotMessage {
  const key = keyOf(number);
  const body = JSON.stringify({
    contact: { id: String(number), phone: `+1555${number}`, firstName: `After ${index}` },
    message: {
      messageId: idOf(key, index),
      timestamp: FIRST_AT + index * 1_000,
      message: { type: 'text', text: textOf(key, index) },
    },
    channel: { id: 'ch_1', name: 'WhatsApp' },
  });
  return {
    id: idOf(key, index),
    path: `/webhook/${tenantOf(number)}/${direction}`,
    headers: {
      'content-type': 'application/json',
      'x-webhook-signature': createHmac('sha256', RESPONDIO_KEY).update(body).digest('base64'),
    },
    body,
  };
}

interface Rows {
  readonly messages: readonly {
    readonly id: string;
    readonly key: string;
    readonly direction: string;
    readonly body: string;
  }[];
  readonly contacts: readonly { readonly key: string; readonly name: string }[];
  /** Pairs of one contact and direction that were stored in another order than they were sent in. */
  readonly late: number;
}

async function readRows(databaseUrl: string): Promise<Rows> {
  const client = new pg.Client({ connectionString: databaseUrl, application_name: 'ackline-proof' });
  await client.connect();
  try {
    const messages = await client.query<Rows['messages'][number]>(
      `select id, tenant || ' ' || contact_id as key, direction, body from respondio_intake.messages`,
    );
    const contacts = await client.query<Rows['contacts'][number]>(
      `select tenant || ' ' || id as key, first_name as name from respondio_intake.contacts`,
    );
    const late = await client.query<{ count: number }>(
      `select count(*)::int as count from respondio_intake.messages earlier join respondio_intake.messages later
        using (tenant, contact_id, direction)
        where earlier.sent_at < later.sent_at and earlier.stored_at > later.stored_at`,
    );
    return { messages: messages.rows, contacts: contacts.rows, late: late.rows[0]?.count ?? Number.NaN };
  } finally {
    await client.end();
  }
}

function judge({ messages, orderUncertain }: BotCourse, rows: Rows): readonly Check[] {
  const stored = new Map(rows.messages.map(row => [row.id, row]));
  const wrong = messages.filter(({ key, index }) => {
    const row = stored.get(idOf(key, index));
    return row?.key !== key || row.direction !== DIRECTIONS[index] || row.body !== textOf(key, index);
  }).length;
  const newest = new Map<string, number>();
  for (const { key, index } of messages) newest.set(key, Math.max(index, newest.get(key) ?? 0));
  const names = new Map(rows.contacts.map(({ key, name }) => [key, name]));
  const behind = [...newest].filter(([key, index]) => names.get(key) !== `After ${index}`).length;
  return [
    {
      name: 'every message is one row, of its tenant, contact and direction',
      holds: wrong === 0 && rows.messages.length === messages.length,
      figure: `${rows.messages.length} rows for ${messages.length} messages, ${wrong} wrong`,
    },
    {
      name: 'every contact is one row, as its newest message has it',
      holds: behind === 0 && rows.contacts.length === newest.size,
      figure: `${rows.contacts.length} rows for ${newest.size} contacts, ${behind} behind`,
    },
    {
      name: 'messages of a contact and an endpoint are stored in their order',
      holds: rows.late === 0,
      figure: `${rows.late} late; ${orderUncertain} events of uncertain order, as metrics had them`,
    },
  ];
}
