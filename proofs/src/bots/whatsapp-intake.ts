import { hash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { type FakeTwilio, startFakeTwilio } from '@ackline/testkit/fake-twilio';
import pg from 'pg';
import { PUBLIC_URL } from '../system.ts';
import type {
  BotCourse,
  BotScenario,
  Check,
  Conversation,
  HandledMessage,
  OpenedScenario,
} from './bot-scenario.ts';
import { exampleConfig } from './example-config.ts';
import { judgeReplies, type Reply } from './judge-bots.ts';
import { createStatusCallbacks, type StatusCallbacks } from './status-callbacks.ts';
import { STATUS_URL, type TwilioAccount, twilioMessage } from './twilio-message.ts';

const EXAMPLE = fileURLToPath(new URL('../../../examples/whatsapp-intake/', import.meta.url));
const BUSINESS = 'whatsapp:+15550009999';
/** Each is three messages, three answers and some eight statuses. */
const CONVERSATIONS_PER_SECOND = 4;
/** Of its destination. */
const CONCURRENCY = 10;
const MESSAGES = 3;
/** The second of the three. */
const PICTURE_INDEX = 1;
const PICTURE = Buffer.alloc(20_000, 'picture');
/** So that a processor that is killed has answers under way that were sent, and are not known yet. */
const ANSWER_MS = 200;

export const whatsappIntake: BotScenario = { name: 'whatsapp-intake', open };

async function open(databaseUrl: string): Promise<OpenedScenario> {
  const statuses: { callbacks?: StatusCallbacks } = {};
  const twilio = await startFakeTwilio({
    answerMs: ANSWER_MS,
    onSent: message => statuses.callbacks?.onSent(message),
  });
  const callbacks = createStatusCallbacks(twilio);
  statuses.callbacks = callbacks;
  const pictureUrl = twilio.addMedia({ bytes: PICTURE, contentType: 'image/jpeg' });
  const config = await exampleConfig(EXAMPLE, {
    twilio: { apiUrl: twilio.url },
    reply: 'Thank you, we have your message.',
    statusCallback: STATUS_URL,
  });
  return {
    configText: `publicUrl: ${PUBLIC_URL}\n${config}`,
    env: { TWILIO_AUTH_TOKEN: twilio.authToken, TWILIO_ACCOUNT_SID: twilio.accountSid },
    rate: CONVERSATIONS_PER_SECOND,
    conversation: number => conversation(number, twilio, pictureUrl),
    idOf: dedupKey => dedupKey,
    followUps: callbacks,
    judge: async course => judge(course, { twilio, callbacks, rows: await readRows(databaseUrl) }),
    async [Symbol.asyncDispose]() {
      await callbacks[Symbol.asyncDispose]();
      await twilio.close();
    },
  };
}

const customerOf = (number: number) => `whatsapp:+1555${String(number).padStart(7, '0')}`;
const sidOf = (key: string, index: number) => `SM${hash('sha256', `${key} ${index}`, 'hex').slice(0, 32)}`;

const textOf = (key: string, index: number) => `Message ${index} of ${key}`;

/** A text, a picture, a text. */
function conversation(number: number, account: TwilioAccount, pictureUrl: string): Conversation {
  const key = customerOf(number);
  const picture = { NumMedia: '1', MediaUrl0: pictureUrl, MediaContentType0: 'image/jpeg' };
  const messages = Array.from({ length: MESSAGES }, (_, index) => {
    const sid = sidOf(key, index);
    const form = {
      MessageSid: sid,
      SmsStatus: 'received',
      From: key,
      To: BUSINESS,
      Body: textOf(key, index),
      ...(index === PICTURE_INDEX ? picture : { NumMedia: '0' }),
    };
    return twilioMessage(sid, form, account);
  });
  return { key, messages };
}

interface MessageRow {
  readonly sid: string;
  readonly direction: 'incoming' | 'outgoing';
  readonly customer: string;
  readonly body: string | null;
  readonly answers: string | null;
  readonly status: string;
  readonly pictures: number;
}

/** With how many files that are the picture, whole. */
async function readRows(databaseUrl: string): Promise<readonly MessageRow[]> {
  const client = new pg.Client({ connectionString: databaseUrl, application_name: 'ackline-proof' });
  await client.connect();
  try {
    const { rows } = await client.query<MessageRow>(
      `select sid, direction, customer, body, answers, status,
              (select count(*)::int from whatsapp_intake.media where message_sid = sid and bytes = $1) as pictures
         from whatsapp_intake.messages`,
      [PICTURE],
    );
    return rows;
  } finally {
    await client.end();
  }
}

interface Seen {
  readonly twilio: Pick<FakeTwilio, 'sent'>;
  readonly callbacks: Pick<StatusCallbacks, 'finalStatus'>;
  readonly rows: readonly MessageRow[];
}

function judge({ messages, kills }: BotCourse, { twilio, callbacks, rows }: Seen): readonly Check[] {
  const bySid = new Map(rows.map(row => [row.sid, row]));
  const wrong = twilio.sent.filter(({ sid }) => bySid.get(sid)?.status !== callbacks.finalStatus(sid)).length;
  return [
    judgeIncoming(messages, rows),
    ...judgeAnswers(messages, { twilio, bySid, kills }),
    {
      name: 'every answer has the last of its statuses, in whatever order they came',
      holds: wrong === 0 && twilio.sent.length > 0,
      figure: `${wrong} of ${twilio.sent.length} with another`,
    },
  ];
}

function judgeIncoming(messages: readonly HandledMessage[], rows: readonly MessageRow[]): Check {
  const stored = new Map(rows.filter(row => row.direction === 'incoming').map(row => [row.sid, row]));
  const wrong = messages.filter(({ key, index }) => {
    const row = stored.get(sidOf(key, index));
    const pictures = index === PICTURE_INDEX ? 1 : 0;
    return row?.body !== textOf(key, index) || row.customer !== key || row.pictures !== pictures;
  }).length;
  return {
    name: 'every message is one row, with its picture',
    holds: wrong === 0 && stored.size === messages.length,
    figure: `${stored.size} rows for ${messages.length} messages, ${wrong} wrong`,
  };
}

interface AnswersSeen extends Pick<Seen, 'twilio'>, Pick<BotCourse, 'kills'> {
  readonly bySid: ReadonlyMap<string, MessageRow>;
}

/** An answer is known by its row; one without a row by its customer alone, and it has to be explained. */
function judgeAnswers(
  messages: readonly HandledMessage[],
  { twilio, bySid, kills }: AnswersSeen,
): readonly Check[] {
  const placeOf = new Map(messages.map(({ key, index }) => [sidOf(key, index), index]));
  const replies: Reply[] = [];
  const unknown: string[] = [];
  for (const { sid, fields } of twilio.sent) {
    const answers = bySid.get(sid)?.answers ?? null;
    const key = fields['To'] ?? '';
    if (answers === null) unknown.push(key);
    else replies.push({ key, index: placeOf.get(answers) ?? null });
  }
  const sentTo = countBy(twilio.sent.map(({ fields }) => fields['To'] ?? ''));
  const writtenBy = countBy(messages.map(({ key }) => key));
  const tooMany = [...sentTo].filter(([key, count]) => count > (writtenBy.get(key) ?? 0)).length;
  const uncertain = countBy(messages.filter(message => message.uncertain > 0).map(({ key }) => key));
  const unexplained = [...countBy(unknown)].filter(
    ([key, count]) => count > (uncertain.get(key) ?? 0),
  ).length;
  return [
    ...judgeReplies(messages, replies, { kills, concurrency: CONCURRENCY }),
    {
      name: 'no customer gets more answers than he has written messages',
      holds: tooMany === 0,
      figure: `${tooMany} of ${writtenBy.size} customers`,
    },
    {
      name: 'an answer that was sent is a row, or one of those that may have been sent',
      holds: unexplained === 0,
      figure: `${unknown.length} of ${twilio.sent.length} known by their statuses alone, ${unexplained} unexplained`,
    },
  ];
}

function countBy(values: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}
