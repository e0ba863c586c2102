import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { providers } from '@ackline/shared/providers/registry';
import { waitFor } from '@ackline/testkit/wait-for';
import { named, startFront, TELEGRAM_HEADERS, TOKEN } from '../support/front.ts';
import { openRaw, post, type RawAnswer } from '../support/raw-http.ts';

const UPDATE = '{"update_id":1,\n"message":{"chat":{"id":7},"date":1700000000,"text":"canary-payload"}}';

/** Sends one request on a connection of its own, then sees that the service goes on. */
async function answerTo(bytes: Uint8Array, options: Parameters<typeof startFront>[0] = {}) {
  await using front = await startFront(options);
  using client = await openRaw(front.port);
  client.write(bytes);
  const answer = await client.answer();
  using next = await openRaw(front.port);
  next.write(post('/webhook/telegram', TELEGRAM_HEADERS, UPDATE));
  assert.equal((await next.answer()).status, 200, 'the service goes on');
  assert.equal(front.events.length, 1, 'nothing but the good request was accepted');
  assert.equal(front.budget.taken, 0, 'the memory of every body was given back');
  return { answer, metrics: await front.registry.metrics(), lines: front.lines };
}

function assertProblem(answer: RawAnswer, status: number, code: string): void {
  assert.equal(answer.status, status, answer.body);
  assert.equal(answer.headers.get('content-type'), 'application/problem+json');
  assert.equal(answer.headers.get('cache-control'), 'no-cache');
  assert.match(answer.headers.get('x-process-time') ?? '', /^\d+\.\d{3}$/);
  assert.equal(answer.headers.get('x-powered-by'), undefined);
  assert.equal(answer.headers.get('etag'), undefined);
  const problem = JSON.parse(answer.body) as { code: string; requestId: string };
  assert.equal(problem.code, code);
  assert.equal(problem.requestId, answer.headers.get('x-request-id'));
  assert.doesNotMatch(answer.body, /canary|correct-token/);
}

const HEADERS_ONLY_TOKEN = [`X-Telegram-Bot-Api-Secret-Token: ${TOKEN}`];

describe('bad input', () => {
  const cases: readonly {
    name: string;
    bytes: Uint8Array;
    status: number;
    code: string;
    reason: string;
    options?: Parameters<typeof startFront>[0];
  }[] = [
    {
      name: 'an unknown path is answered 404',
      bytes: post('/webhook/canary', TELEGRAM_HEADERS, UPDATE),
      status: 404,
      code: 'ACKLINE_NO_SUCH_SOURCE',
      reason: 'no_such_source',
    },
    {
      name: 'a path with a slash at its end is another path',
      bytes: post('/webhook/telegram/', TELEGRAM_HEADERS, UPDATE),
      status: 404,
      code: 'ACKLINE_NO_SUCH_SOURCE',
      reason: 'no_such_source',
    },
    {
      name: 'a request target with an authority in it is no path of ours',
      bytes: post('http://evil.test/webhook/telegram', TELEGRAM_HEADERS, UPDATE),
      status: 404,
      code: 'ACKLINE_NO_SUCH_SOURCE',
      reason: 'no_such_source',
    },
    {
      name: 'another method is answered 405',
      bytes: Buffer.from('GET /webhook/telegram HTTP/1.1\r\nHost: x\r\n\r\n'),
      status: 405,
      code: 'ACKLINE_METHOD_NOT_ALLOWED',
      reason: 'method_not_allowed',
    },
    {
      name: 'a content type that the provider does not send is answered 415',
      bytes: post('/webhook/telegram', ['Content-Type: text/plain', ...HEADERS_ONLY_TOKEN], UPDATE),
      status: 415,
      code: 'ACKLINE_UNSUPPORTED_TYPE',
      reason: 'unsupported_type',
    },
    {
      name: 'no content type is answered 415',
      bytes: post('/webhook/telegram', HEADERS_ONLY_TOKEN, UPDATE),
      status: 415,
      code: 'ACKLINE_UNSUPPORTED_TYPE',
      reason: 'unsupported_type',
    },
    {
      name: 'a compressed body is answered 415',
      bytes: post('/webhook/telegram', ['Content-Encoding: gzip', ...TELEGRAM_HEADERS], UPDATE),
      status: 415,
      code: 'ACKLINE_UNSUPPORTED_TYPE',
      reason: 'unsupported_encoding',
    },
    {
      name: 'no signature is answered 401',
      bytes: post('/webhook/telegram', ['Content-Type: application/json'], UPDATE),
      status: 401,
      code: 'ACKLINE_BAD_SIGNATURE',
      reason: 'missing_signature',
    },
    {
      name: 'a wrong signature is answered 401',
      bytes: post(
        '/webhook/telegram',
        ['Content-Type: application/json', 'X-Telegram-Bot-Api-Secret-Token: canary'],
        UPDATE,
      ),
      status: 401,
      code: 'ACKLINE_BAD_SIGNATURE',
      reason: 'wrong_signature',
    },
    {
      name: 'a declared length over the limit is answered 413 before the body comes',
      bytes: Buffer.from(
        `POST /webhook/telegram HTTP/1.1\r\nHost: x\r\n${TELEGRAM_HEADERS.join('\r\n')}\r\nContent-Length: 100001\r\n\r\n`,
      ),
      status: 413,
      code: 'ACKLINE_BODY_TOO_LARGE',
      reason: 'body_too_large',
    },
    {
      name: 'a body of unknown length over the limit is answered 413 while it comes',
      bytes: chunked('x'.repeat(100_001)),
      status: 413,
      code: 'ACKLINE_BODY_TOO_LARGE',
      reason: 'body_too_large',
    },
    {
      name: 'malformed JSON is answered 400',
      bytes: post('/webhook/telegram', TELEGRAM_HEADERS, '{"update_id":1,"canary"'),
      status: 400,
      code: 'ACKLINE_MALFORMED',
      reason: 'malformed',
    },
    {
      name: 'invalid UTF-8 is answered 400',
      bytes: post(
        '/webhook/telegram',
        TELEGRAM_HEADERS,
        Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]),
      ),
      status: 400,
      code: 'ACKLINE_MALFORMED',
      reason: 'malformed',
    },
    {
      name: 'an empty body is answered 400',
      bytes: post('/webhook/telegram', TELEGRAM_HEADERS, ''),
      status: 400,
      code: 'ACKLINE_EMPTY_BODY',
      reason: 'empty_body',
    },
    {
      name: 'bytes that are no HTTP are answered 400',
      bytes: Buffer.from('canary\r\n\r\n'),
      status: 400,
      code: 'ACKLINE_MALFORMED',
      reason: 'malformed_http',
    },
    {
      name: 'two lengths that differ are answered 400: they smuggle a second request',
      bytes: Buffer.from(
        `POST /webhook/telegram HTTP/1.1\r\nHost: x\r\n${TELEGRAM_HEADERS.join('\r\n')}\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      ),
      status: 400,
      code: 'ACKLINE_MALFORMED',
      reason: 'malformed_http',
    },
    {
      name: 'a head over the limit is answered',
      bytes: post('/webhook/telegram', [`X-Long: ${'x'.repeat(20_000)}`], UPDATE),
      status: 400,
      code: 'ACKLINE_MALFORMED',
      reason: 'large_head',
    },
  ];

  for (const { name, bytes, status, code, reason, options } of cases) {
    it(`${name}, counted by reason`, async () => {
      const { answer, metrics, lines } = await answerTo(bytes, options);
      assertProblem(answer, status, code);
      assert.match(metrics, new RegExp(`ackline_ingress_rejects_total\\{[^}]*reason="${reason}"[^}]*\\} 1`));
      assert.doesNotMatch(JSON.stringify(lines), /canary-payload|correct-token/);
    });
  }

  it('names the header that is missing, and outside production the command that signs a sample', async () => {
    const unsigned = post('/webhook/telegram', ['Content-Type: application/json'], UPDATE);
    const detailOf = async (isProduction: boolean) => {
      const { answer } = await answerTo(unsigned, { isProduction });
      return (JSON.parse(answer.body) as { detail: string }).detail;
    };
    const missing = /^The header X-Telegram-Bot-Api-Secret-Token is missing: /;
    const production = await detailOf(true);
    assert.match(production, missing);
    assert.doesNotMatch(production, /ackline/);
    const development = await detailOf(false);
    assert.match(development, missing);
    assert.match(development, / npx ackline send telegram --source telegram$/);
  });

  it('names the method that is allowed', async () => {
    const { answer } = await answerTo(Buffer.from('PUT /webhook/telegram HTTP/1.1\r\nHost: x\r\n\r\n'));
    assert.equal(answer.headers.get('allow'), 'POST');
    const health = await answerTo(Buffer.from('DELETE /health HTTP/1.1\r\nHost: x\r\n\r\n'));
    assert.equal(health.answer.headers.get('allow'), 'GET, HEAD');
  });

  it('a truncated body is answered 400 where the client still listens, and is not accepted', async () => {
    await using front = await startFront();
    using client = await openRaw(front.port);
    const whole = post('/webhook/telegram', TELEGRAM_HEADERS, UPDATE);
    client.write(whole.subarray(0, whole.length - 5));
    client.socket.end();
    assertProblem(await client.answer(), 400, 'ACKLINE_MALFORMED');
    await waitFor(() => named(front.lines, 'webhook.abandoned').length === 1);
    assert.equal(front.events.length, 0);
    assert.equal(front.budget.taken, 0);
  });

  it('ids over 2^53 are kept exact', async () => {
    await using front = await startFront();
    using client = await openRaw(front.port);
    const body = '{"update_id":9007199254740993,"message":{"chat":{"id":-9007199254740995},"date":1}}';
    client.write(post('/webhook/telegram', TELEGRAM_HEADERS, body));
    assert.equal((await client.answer()).status, 200);
    assert.match(front.events[0]?.dedupKey ?? '', /^9007199254740993/);
    assert.match(front.events[0]?.orderingKey ?? '', /-9007199254740995/);
  });

  it('more bodies than the process may hold are answered 503 with Retry-After', async () => {
    await using front = await startFront({ budgetBytes: 20_000 });
    using client = await openRaw(front.port);
    client.write(post('/webhook/telegram', TELEGRAM_HEADERS, 'x'.repeat(50_000)));
    const answer = await client.answer();
    assertProblem(answer, 503, 'ACKLINE_OVERLOADED');
    assert.equal(answer.headers.get('retry-after'), '5');
    assert.equal(front.budget.taken, 0);
  });

  it('what our own code throws is answered 500, and counts as refused to the provider of its source', async () => {
    const telegram = providers.get('telegram');
    assert.ok(telegram);
    const providerOf = () => ({
      ...telegram,
      verify: () => {
        throw new Error('planted');
      },
    });
    await using front = await startFront({ providerOf });
    for (let n = 0; n < 2; n++) {
      using client = await openRaw(front.port);
      client.write(post('/webhook/telegram', TELEGRAM_HEADERS, UPDATE));
      assertProblem(await client.answer(), 500, 'ACKLINE_INTERNAL');
    }
    const metrics = await front.registry.metrics();
    assert.match(metrics, /^ackline_ingress_unacked_requests\{[^}]*source="telegram"[^}]*\} 2$/m);
    assert.deepEqual(
      named(front.lines, 'webhook.rejected').map(({ source, path }) => [source, path]),
      Array.from({ length: 2 }, () => ['telegram', '/webhook/telegram']),
    );
    assert.equal(front.events.length, 0);
    assert.equal(front.budget.taken, 0);
  });

  it('a body in single-byte chunks takes no more memory than its bytes', async () => {
    await using front = await startFront({ budgetBytes: 40_000 });
    using client = await openRaw(front.port);
    client.write(chunked(UPDATE, 1));
    assert.equal((await client.answer()).status, 200);
    assert.equal(Buffer.from(front.events[0]?.body ?? []).toString(), UPDATE);
  });
});

function chunked(text: string, size = 50_000): Buffer {
  const chunks: string[] = [];
  for (let at = 0; at < text.length; at += size) {
    const part = text.slice(at, at + size);
    chunks.push(`${part.length.toString(16)}\r\n${part}\r\n`);
  }
  const head = [
    'POST /webhook/telegram HTTP/1.1',
    'Host: x',
    ...TELEGRAM_HEADERS,
    'Transfer-Encoding: chunked',
  ];
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${chunks.join('')}0\r\n\r\n`);
}
