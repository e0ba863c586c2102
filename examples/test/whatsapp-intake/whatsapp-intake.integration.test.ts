import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createHandlerPg } from '@ackline/handlers/services/handler-pg';
import { createMemoryServices, runHandler, type TestOptions } from '@ackline/handlers/testing';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import { startFakeReceiver } from '@ackline/testkit/fake-receiver';
import { type FakeTwilio, startFakeTwilio } from '@ackline/testkit/fake-twilio';
import { waitFor } from '@ackline/testkit/wait-for';
import { permutations } from '../permutations.ts';
import { whatsappIntake } from '../../whatsapp-intake/handlers/whatsapp-intake.ts';

const CUSTOMER = 'whatsapp:+15550001111';
const BUSINESS = 'whatsapp:+15550009999';
const JPEG = { bytes: Buffer.from('a picture'), contentType: 'image/jpeg' };

describe('the WhatsApp intake', () => {
  let database: TestDatabase;
  let pg: ReturnType<typeof createHandlerPg>;
  let twilio: FakeTwilio;
  let messages = 0;
  before(async () => {
    twilio = await startFakeTwilio();
    database = await createTestDatabase({ migrated: false });
    pg = createHandlerPg({ connectionString: database.url, connections: 8 }, 'test');
  });
  after(async () => {
    await pg.close();
    await database.close();
    await twilio.close();
  });

  async function handle(fields: object, options: TestOptions = {}, type = 'message.received') {
    const body = new URLSearchParams({ AccountSid: twilio.accountSid, ...fields }).toString();
    const settings = {
      createTables: true,
      twilio: { apiUrl: twilio.url },
      media: { maxBytes: 1_000, types: ['image/*', 'application/pdf'] },
      reply: 'Thank you.',
      statusCallback: 'https://hooks.example.com/webhook/whatsapp',
    };
    const secrets = { twilioAccountSid: twilio.accountSid, twilioAuthToken: twilio.authToken };
    return (await runHandler(whatsappIntake, { type, body }, { pg, settings, secrets, ...options })).result;
  }
  function message(more: object = {}) {
    const MessageSid = `SMin${messages++}`;
    return { MessageSid, From: CUSTOMER, To: BUSINESS, Body: 'Hello', NumMedia: '0', ...more };
  }
  const withMedia = (...urls: readonly string[]) =>
    message({
      NumMedia: String(urls.length),
      ...Object.fromEntries(
        urls.flatMap((url, n) => [
          [`MediaUrl${n}`, url],
          [`MediaContentType${n}`, 'image/jpeg'],
        ]),
      ),
    });
  const status = (sid: string, name: string, more: object = {}) =>
    handle(
      { MessageSid: sid, MessageStatus: name, SmsStatus: name, From: BUSINESS, To: CUSTOMER, ...more },
      {},
      `message.${name}`,
    );
  const rows = async (sid: string) =>
    (
      await pg.query(
        `select direction, customer, business, body, answers, status, error_code
           from whatsapp_intake.messages where sid = $1`,
        [sid],
      )
    ).rows;
  const media = async (sid: string) =>
    (
      await pg.query<{ content_type: string; bytes: Buffer | null; refused: string | null }>(
        'select content_type, bytes, refused from whatsapp_intake.media where message_sid = $1 order by position',
        [sid],
      )
    ).rows.map(({ content_type, bytes, refused }) => [content_type, bytes?.toString() ?? null, refused]);

  it('stores a message once and answers it once, though it is handled twice', async () => {
    const services = createMemoryServices();
    const given = message({ Body: 'Hello\0 there' });
    for (let n = 0; n < 2; n++) assert.deepEqual(await handle(given, { services }), { kind: 'done' });
    const [sent] = twilio.sent;
    assert.deepEqual(sent?.fields, {
      From: BUSINESS,
      To: CUSTOMER,
      Body: 'Thank you.',
      StatusCallback: 'https://hooks.example.com/webhook/whatsapp',
    });
    assert.equal(twilio.sent.length, 1);
    const known = { customer: CUSTOMER, business: BUSINESS, error_code: null };
    assert.deepEqual(await rows(given.MessageSid), [
      { ...known, direction: 'incoming', body: 'Hello there', answers: null, status: 'received' },
    ]);
    assert.deepEqual(await rows(sent.sid), [
      { ...known, direction: 'outgoing', body: 'Thank you.', answers: given.MessageSid, status: 'queued' },
    ]);
  });

  it('stores the answer that was sent by a try which ended before it could', async () => {
    const services = createMemoryServices();
    const given = message();
    const isAnswer = (values: readonly unknown[] = []) =>
      values.includes(given.MessageSid) && values.length > 4;
    const failing: TestOptions['pg'] = {
      query: (text, values) =>
        isAnswer(values) ? Promise.reject(new Error('PostgreSQL is away')) : pg.query(text, values),
    };
    assert.equal((await handle(given, { services, pg: failing })).kind, 'failed');
    const { sid } = twilio.sent.at(-1) ?? { sid: '' };
    assert.deepEqual(await rows(sid), []);
    assert.deepEqual(await handle(given, { services }), { kind: 'done' });
    assert.deepEqual([twilio.sent.at(-1)?.sid, (await rows(sid))[0]?.['answers']], [sid, given.MessageSid]);
  });

  it('has the same status in the end in whatever order statuses come, the answer itself among them', async () => {
    for (const order of permutations(['sent', 'delivered', 'read', 'answer'])) {
      const sid = `SM${String(twilio.sent.length).padStart(32, '0')}`; // the next that Twilio gives
      const given = message();
      for (const one of [...order, 'sent', 'queued'])
        assert.deepEqual(await (one === 'answer' ? handle(given) : status(sid, one)), { kind: 'done' });
      const [row, ...others] = await rows(sid);
      assert.deepEqual(
        [row?.['status'], row?.['answers'], others.length],
        ['read', given.MessageSid, 0],
        String(order),
      );
    }
  });

  it('lets no status replace an end, and keeps why a message failed', async () => {
    for (const order of permutations(['sent', 'undelivered', 'delivered'])) {
      const sid = `SMout${messages++}`;
      for (const one of order) {
        const more = one === 'undelivered' ? { ErrorCode: '63016' } : {};
        assert.deepEqual(await status(sid, one, more), { kind: 'done' });
      }
      assert.deepEqual(
        (await rows(sid)).map(row => [row['direction'], row['customer'], row['status'], row['error_code']]),
        [['outgoing', CUSTOMER, 'undelivered', '63016']],
      );
    }
    assert.equal((await status('SMout', 'teleported')).kind, 'given-up');
  });

  it('stores files as they are, whatever is beside them, and says of others why not', async () => {
    await using inside = await startFakeReceiver();
    const given = withMedia(
      twilio.addMedia(JPEG),
      twilio.addMedia({ bytes: Buffer.alloc(1_001), contentType: 'image/png' }),
      twilio.addMedia({ bytes: Buffer.alloc(50_000_000), contentType: 'image/png', saysLength: false }),
      twilio.addMedia({ bytes: Buffer.from('<script>'), contentType: 'text/html' }),
      `${inside.url}/latest/meta-data`,
      twilio.addMedia({ bytes: Buffer.alloc(1_000, 'a'), contentType: 'application/pdf' }),
    );
    assert.deepEqual(await handle(given), { kind: 'done' });
    const host = new URL(twilio.url).host;
    const tooLarge = `GET ${host} answered more than may be`;
    assert.deepEqual(await media(given.MessageSid), [
      ['image/jpeg', 'a picture', null],
      ['image/jpeg', null, tooLarge],
      ['image/jpeg', null, tooLarge],
      ['image/jpeg', null, `GET ${host} has a file of a type that is not taken (text/html)`],
      ['image/jpeg', null, 'the file is not at Twilio'],
      ['application/pdf', 'a'.repeat(1_000), null],
    ]);
    assert.equal((await rows(given.MessageSid)).length, 1);
    assert.ok(twilio.sent.some(({ fields }) => fields['To'] === CUSTOMER));

    twilio.script({ status: 307, headers: { location: `${inside.url}/latest/meta-data` } });
    const redirected = withMedia(`${twilio.url}/2010-04-01/Accounts/x/Media/y`);
    assert.deepEqual(await handle(redirected), { kind: 'done' });
    assert.deepEqual(await media(redirected.MessageSid), [
      ['image/jpeg', null, 'Twilio sends the download to where no file is'],
    ]);
    assert.deepEqual(inside.requests, []);
  });

  it('tries a file again that does not come, and leaves those alone that are stored', async () => {
    const services = createMemoryServices();
    const given = withMedia(twilio.addMedia(JPEG), twilio.addMedia(JPEG));
    const over = new AbortController();
    twilio.script({ status: 200, headers: { 'content-type': 'image/jpeg' }, body: 'first' }, { hang: true });
    const requests = twilio.requests.length;
    const attempt = handle(given, { services, signal: over.signal });
    await waitFor(() => twilio.requests.length === requests + 2);
    const sent = twilio.sent.length;
    over.abort();
    assert.notEqual((await attempt).kind, 'done');
    assert.equal(twilio.sent.length, sent);
    assert.deepEqual(await handle(given, { services }), { kind: 'done' });
    assert.deepEqual(await media(given.MessageSid), [
      ['image/jpeg', 'first', null],
      ['image/jpeg', 'a picture', null],
    ]);
    assert.equal(twilio.sent.length, sent + 1);
    assert.equal(
      twilio.requests.length,
      requests + 2 + 2 + 1,
      'the second file, where it is, and the answer',
    );
  });
});
