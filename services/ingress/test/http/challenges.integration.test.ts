import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Answer, Provider } from '@ackline/shared/provider';
import { telegram } from '@ackline/shared/providers/telegram';
import type { LimitVerdict, RateLimits } from '../../src/http/webhook-ports.ts';
import { sourceConfig } from '../support/endpoint.ts';
import { type FrontOptions, named, startFront, TELEGRAM_HEADERS, TOKEN } from '../support/front.ts';
import { openRaw, post } from '../support/raw-http.ts';

const PATH = '/webhook/telegram';
const UPDATE = '{"update_id":1,"message":{"chat":{"id":7},"date":1700000000}}';
const holds = (body: Uint8Array, text: string) => Buffer.from(body).includes(text);
const plain = (body: string): Answer => ({ status: 200, contentType: 'text/plain', body });

/** Telegram, should it ask questions. */
const asking: Provider = {
  ...telegram,
  challenge: ({ body }, secret) => (holds(body, 'ping') ? plain(`pong ${secret.length}`) : null),
  unsigned: ({ body }) => (holds(body, 'look') ? plain('here') : null),
  handshake: (query, tokens) =>
    tokens.includes(query.get('token') ?? '') ? plain(query.get('say') ?? '') : null,
};

async function open(options: FrontOptions = {}) {
  const front = await startFront({ providerOf: () => asking, ...options });
  const send = async (request: string | Buffer) => {
    using client = await openRaw(front.port);
    client.write(request);
    return await client.answer();
  };
  return {
    ...front,
    send,
    event: (body: string, headers = TELEGRAM_HEADERS) => send(post(PATH, headers, body)),
    get: (query: string, ...lines: string[]) =>
      send(`${[`GET ${PATH}${query} HTTP/1.1`, 'Host: h', ...lines].join('\r\n')}\r\n\r\n`),
    async metric(pattern: RegExp) {
      return pattern.exec(await front.registry.metrics())?.[1] ?? null;
    },
  };
}

const RESULT = (result: string) =>
  new RegExp(`requests_total\\{source="telegram",result="${result}"[^}]*\\} (\\d+)`);
const WITHOUT_PROOF = ['Content-Type: application/json'];

describe('a challenge', () => {
  it('is answered by what its provider says, with the secret that proved it, and never appended', async () => {
    await using front = await open();
    const answer = await front.event('{"ping":1}');
    assert.deepEqual([answer.status, answer.body], [200, `pong ${TOKEN.length}`]);
    assert.equal(answer.headers.get('content-type'), 'text/plain');
    assert.deepEqual(front.events, []);
    assert.equal((await front.event(UPDATE)).body, '{"status":"received"}');
    assert.equal(front.events.length, 1);
  });

  it('is no event to the metrics, and one line of the log', async () => {
    await using front = await open();
    for (const body of ['{"ping":1}', '{"ping":1}', UPDATE]) await front.event(body);
    assert.equal(await front.metric(RESULT('challenge')), '2');
    assert.equal(await front.metric(RESULT('accepted')), '1');
    assert.equal(await front.metric(/ack_seconds_count\{source="telegram"[^}]*\} (\d+)/), '1');
    const [line, ...others] = named(front.lines, 'webhook.challenge');
    assert.equal(others.length, 1);
    assert.equal(line?.['source'], 'telegram');
    assert.ok(!JSON.stringify(front.lines).includes('ping'));
  });

  it('is refused without its proof, as an event is', async () => {
    await using front = await open();
    const wrong = ['Content-Type: application/json', 'X-Telegram-Bot-Api-Secret-Token: wrong'];
    for (const headers of [WITHOUT_PROOF, wrong])
      assert.equal((await front.event('{"ping":1}', headers)).status, 401);
    assert.equal(await front.metric(RESULT('challenge')), '0');
  });

  it('ends no run of refusals, since it says nothing of how events are taken', async () => {
    await using front = await open({ append: () => Promise.reject(new Error('down')) });
    const run = () => front.metric(/unacked_requests\{source="telegram"[^}]*\} (\d+)/);
    for (const body of [UPDATE, '{"ping":1}', UPDATE]) await front.event(body);
    assert.equal(await run(), '2');
  });
});

describe('a look without a proof', () => {
  it('is answered, and never appended', async () => {
    await using front = await open();
    const answer = await front.event('{"look":1}', WITHOUT_PROOF);
    assert.deepEqual([answer.status, answer.body], [200, 'here']);
    assert.deepEqual(front.events, []);
    assert.equal(await front.metric(RESULT('challenge')), '1');
    assert.equal(
      await front.metric(/secret_last_used_timestamp_seconds\{source="telegram"[^}]*\} (\d+)/),
      '0',
    );
  });

  it('is refused with a proof that does not hold', async () => {
    await using front = await open();
    for (const proof of ['wrong', '', TOKEN.toUpperCase()]) {
      const headers = ['Content-Type: application/json', `X-Telegram-Bot-Api-Secret-Token: ${proof}`];
      assert.equal((await front.event('{"look":1}', headers)).status, 401, proof);
    }
  });
});

describe('a handshake', () => {
  it('is a GET that shows a token of the source, answered by what its provider says', async () => {
    await using front = await open();
    const answer = await front.get(`?token=${TOKEN}&say=a%20b`);
    assert.deepEqual([answer.status, answer.body], [200, 'a b']);
    assert.equal(await front.metric(RESULT('challenge')), '1');
    assert.deepEqual(front.events, []);
  });

  it('is answered 403 with a wrong token or none, and nothing of its query is shown or logged', async () => {
    await using front = await open();
    for (const query of ['?token=wrong-one&say=x', '?say=x', '', '?', '?%', `?token=${TOKEN.slice(1)}`]) {
      const answer = await front.get(query);
      assert.equal(answer.status, 403, query);
      assert.match(answer.body, /ACKLINE_HANDSHAKE_REFUSED/);
      assert.ok(!answer.body.includes('wrong-one'));
    }
    await front.get(`?token=${TOKEN}`);
    const logged = JSON.stringify(front.lines);
    for (const text of ['wrong-one', TOKEN, 'say=']) assert.ok(!logged.includes(text), text);
    assert.equal(
      await front.metric(/rejects_total\{source="telegram",reason="handshake_refused"[^}]*\} (\d+)/),
      '6',
    );
  });

  it('has no body that anybody reads, and ends the connection of one that has', async () => {
    await using front = await open();
    const answer = await front.get(`?token=${TOKEN}&say=x`, 'Content-Length: 5');
    assert.deepEqual([answer.status, answer.body], [200, 'x']);
    assert.equal(answer.headers.get('connection'), 'close');
  });

  it('is not there for a provider that sends none: 405, and the answer names what there is', async () => {
    await using front = await open({ providerOf: () => telegram });
    const answer = await front.get(`?token=${TOKEN}`);
    assert.deepEqual([answer.status, answer.headers.get('allow')], [405, 'POST']);
    await using other = await open();
    const put = await other.send(`PUT ${PATH} HTTP/1.1\r\nHost: h\r\n\r\n`);
    assert.deepEqual([put.status, put.headers.get('allow')], [405, 'GET, POST']);
    const head = await other.send(`PATCH ${PATH} HTTP/1.1\r\nHost: h\r\n\r\n`);
    assert.equal(head.status, 405);
  });
});

describe('the limits of a source', () => {
  const asked: string[] = [];
  const limits: RateLimits = {
    applies: () => true,
    beforeBody: () => verdict,
    afterVerify: (_, { sender }) => {
      asked.push(sender ?? '');
      return { kind: 'within' };
    },
  };
  let verdict: LimitVerdict;

  it('by address hold for challenges, looks and handshakes as for every request', async () => {
    verdict = { kind: 'reject', retryAfterS: 7 };
    await using front = await open({ limits });
    const answers = [
      await front.event('{"ping":1}'),
      await front.event('{"look":1}', WITHOUT_PROOF),
      await front.get(`?token=${TOKEN}`),
    ];
    for (const { status, headers } of answers)
      assert.deepEqual([status, headers.get('retry-after')], [429, '7']);
  });

  it('that count events count none of them', async () => {
    verdict = { kind: 'within' };
    await using front = await open({ limits, sources: [sourceConfig()] });
    await front.event('{"ping":1}');
    await front.event('{"look":1}', WITHOUT_PROOF);
    await front.get(`?token=${TOKEN}`);
    assert.deepEqual(asked, []);
    await front.event(UPDATE);
    assert.deepEqual(asked, ['7']);
  });
});
