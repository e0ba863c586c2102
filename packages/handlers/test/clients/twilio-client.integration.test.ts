import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startFakeReceiver } from '@ackline/testkit/fake-receiver';
import { type FakeTwilio, startFakeTwilio } from '@ackline/testkit/fake-twilio';
import { createTwilioClient, type TwilioClient } from '../../src/clients/twilio-client.ts';
import { type ClientBench, clientBench } from './client-bench.ts';

const IMAGES = ['image/*'];

describe('the client of Twilio', () => {
  let twilio: FakeTwilio;
  let bench: ClientBench;
  let client: TwilioClient;
  const withSettings = (settings: object, twilioAuthToken = twilio.authToken) =>
    createTwilioClient(
      bench.deps({
        secrets: { twilioAccountSid: twilio.accountSid, twilioAuthToken },
        settings: { twilio: { apiUrl: twilio.url, ...settings } },
      }),
    );
  before(async () => {
    twilio = await startFakeTwilio();
    // As somebody may set it up who has a name: it is public, and what it stands for is inside.
    bench = clientBench((_name, { all }, callback) =>
      all ? callback(null, [{ address: '127.0.0.1', family: 4 }]) : callback(null, '127.0.0.1', 4),
    );
    client = withSettings({});
  });
  after(async () => {
    await bench[Symbol.asyncDispose]();
    await twilio.close();
  });

  it('sends a message as a form, within the limit of its sender', async () => {
    const sent = await client.sendMessage({ to: 'whatsapp:+1', from: 'whatsapp:+2', body: 'a&b=c €' });
    assert.deepEqual(sent, { sid: twilio.sent[0]?.sid, status: 'queued' });
    assert.deepEqual(twilio.sent[0]?.fields, { To: 'whatsapp:+1', From: 'whatsapp:+2', Body: 'a&b=c €' });
    assert.deepEqual([bench.taken[0]?.points, bench.taken[0]?.perMs], [80, 1_000]);
    assert.match(bench.taken[0]?.key ?? '', /^twilio:[0-9a-f]{16}:whatsapp:\+2$/);
  });

  it('takes sender and limit from the settings, or a messaging service', async () => {
    const set = withSettings({ from: '+15550000', messagesPerSecond: 10 });
    await set.sendMessage({ to: '+1', body: 'x' });
    await set.sendMessage({
      to: '+1',
      body: 'x',
      messagingServiceSid: 'MG1',
      statusCallback: 'https://a.example/',
    });
    assert.deepEqual(
      twilio.sent.slice(-2).map(({ fields }) => fields),
      [
        { To: '+1', From: '+15550000', Body: 'x' },
        { To: '+1', MessagingServiceSid: 'MG1', Body: 'x', StatusCallback: 'https://a.example/' },
      ],
    );
    await set.sendMessage({ to: '+1', from: '+2', body: 'x', messagingServiceSid: 'MG1' });
    assert.deepEqual(twilio.sent.at(-1)?.fields, {
      To: '+1',
      From: '+2',
      MessagingServiceSid: 'MG1',
      Body: 'x',
    });
    assert.equal(bench.taken.at(-1)?.points, 10);
    await assert.rejects(client.sendMessage({ to: '+1' }), { kind: 'given-up' });
  });

  it('sends again after 429, with and without Retry-After, and once only', async () => {
    twilio.limit(1, 0);
    twilio.limit(1);
    const before = twilio.sent.length;
    await client.sendMessage({ to: '+1', from: '+2', body: 'x' });
    assert.equal(twilio.sent.length, before + 1);
  });

  it('downloads a file behind password and redirect, and shows the password to the API alone', async () => {
    const url = twilio.addMedia({ bytes: Buffer.from('picture'), contentType: 'image/jpeg' });
    const file = await client.download(url, { types: IMAGES });
    assert.deepEqual([file.contentType, Buffer.from(file.body).toString()], ['image/jpeg', 'picture']);
  });

  for (const saysLength of [true, false]) {
    it(`gives up a file that is too large, ${saysLength ? 'by its declared length' : 'when it is over the bound'}`, async () => {
      const url = twilio.addMedia({ bytes: Buffer.alloc(100_000), contentType: 'image/png', saysLength });
      await assert.rejects(client.download(url, { types: IMAGES, maxBytes: 99_999 }), {
        kind: 'given-up',
        message: /^GET 127\.0\.0\.1:\d+ answered more than may be$/,
      });
      assert.equal((await client.download(url, { types: IMAGES, maxBytes: 100_000 })).body.length, 100_000);
    });
  }

  it('gives up a file of another type before it reads it, whatever the event said', async () => {
    const url = twilio.addMedia({ bytes: Buffer.alloc(10), contentType: 'text/html; charset=utf-8' });
    await assert.rejects(client.download(url, { types: ['image/*', 'application/pdf'] }), {
      kind: 'given-up',
      message: /has a file of a type that is not taken \(text\/html\)/,
    });
  });

  it('goes nowhere else with the password, and to no place of the inside', async () => {
    await assert.rejects(client.download('http://127.0.0.1:1/x', { types: IMAGES }), { kind: 'given-up' });
    await assert.rejects(client.download('file:///etc/passwd', { types: IMAGES }), { kind: 'given-up' });
    twilio.script({ status: 307, headers: { location: 'ftp://127.0.0.1/x' } });
    await assert.rejects(client.download(`${twilio.url}/x`, { types: IMAGES }), { kind: 'given-up' });
    await using inside = await startFakeReceiver();
    for (const location of [
      `${inside.url}/x`,
      'https://10.0.0.1/x',
      'https://[::1]/x',
      'https://db.svc.internal/x',
    ]) {
      twilio.script({ status: 307, headers: { location } });
      await assert.rejects(
        client.download(`${twilio.url}/x`, { types: IMAGES }),
        { kind: 'given-up', message: 'Twilio sends the download to where no file is' },
        location,
      );
    }
    const location = `https://files.example.com:${new URL(inside.url).port}/x`;
    twilio.script({ status: 307, headers: { location } });
    await assert.rejects(client.download(`${twilio.url}/x`, { types: IMAGES }), {
      kind: 'given-up',
      message: /^GET files\.example\.com:\d+ has an address that is not of the internet$/,
    });
    assert.deepEqual(inside.requests, []);
    const home = { status: 307, headers: { location: '/again' } };
    twilio.script(home, home, home);
    await assert.rejects(client.download(`${twilio.url}/x`, { types: IMAGES }), { kind: 'given-up' });
  });

  it('tells of a wrong password', async () => {
    const other = withSettings({}, 'wrong');
    await assert.rejects(other.sendMessage({ to: '+1', from: '+2', body: 'x' }), {
      status: 401,
      kind: 'failed',
    });
  });

  it('needs both secrets, and an account SID that is one', () => {
    const make = (secrets: Record<string, string>) => () =>
      createTwilioClient(bench.deps({ secrets, settings: {} }));
    assert.throws(make({}), { code: 'SECRET_MISSING', message: /twilioAccountSid/ });
    assert.throws(make({ twilioAccountSid: 'x' }), { code: 'SECRET_MISSING', message: /twilioAuthToken/ });
    assert.throws(make({ twilioAccountSid: 'x', twilioAuthToken: 'y' }), { code: 'SECRET_MALFORMED' });
  });
});
