import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sourceConfig } from '../support/endpoint.ts';
import { startFront, TELEGRAM_HEADERS } from '../support/front.ts';
import { openRaw, post } from '../support/raw-http.ts';

const PATH = '/webhook/telegram';
const JSON_TYPE = 'Content-Type: application/json';

describe('a request', () => {
  it('that was read and refused is offered with the id of its answer, and no other is', async () => {
    await using front = await startFront({ sources: [sourceConfig({ maxBodyBytes: 100 })] });
    async function send(request: Buffer | string) {
      using client = await openRaw(front.port);
      client.write(request);
      const { status, headers } = await client.answer();
      return { status, id: headers.get('x-request-id') };
    }
    const wrong = await send(
      post(PATH, [JSON_TYPE, 'X-Telegram-Bot-Api-Secret-Token: wrong'], '{"update_id":1}'),
    );
    const empty = await send(post(PATH, TELEGRAM_HEADERS, ''));
    const malformed = await send(post(PATH, TELEGRAM_HEADERS, '{'));
    const others = [
      await send(post(PATH, TELEGRAM_HEADERS, '{"update_id":1}')),
      await send(post(PATH, TELEGRAM_HEADERS, 'x'.repeat(101))),
      await send(post(PATH, ['Content-Type: text/plain'], '{}')),
      await send(post('/webhook/none', TELEGRAM_HEADERS, '{}')),
      await send(`PUT ${PATH} HTTP/1.1\r\nHost: hooks.test\r\nContent-Length: 0\r\n\r\n`),
    ];
    assert.deepEqual(
      others.map(({ status }) => status),
      [200, 413, 415, 404, 405],
    );
    assert.deepEqual(
      front.rejections.map(({ requestId, code, reason, detail, endpoint }) => [
        requestId,
        code,
        reason,
        detail,
        endpoint.source.name,
      ]),
      [
        [wrong.id, 'ACKLINE_BAD_SIGNATURE', 'wrong_signature', null, 'telegram'],
        [empty.id, 'ACKLINE_EMPTY_BODY', 'empty_body', null, 'telegram'],
        [malformed.id, 'ACKLINE_MALFORMED', 'malformed', 'the body is not JSON', 'telegram'],
      ],
    );
    const [{ request } = { request: null }] = front.rejections;
    assert.equal(Buffer.from(request?.body ?? '').toString(), '{"update_id":1}');
  });
});
