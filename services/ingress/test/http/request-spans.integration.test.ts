import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SpanRecord } from '@ackline/runtime/tracing/span-recorder';
import { parseTraceparent } from '@ackline/runtime/tracing/trace-context';
import { AppError } from '@ackline/shared/app-error';
import { telegram } from '@ackline/shared/providers/telegram';
import { createRequestTraces } from '../../src/http/request-spans.ts';
import { sourceConfig } from '../support/endpoint.ts';
import { type FrontOptions, named, startFront, TELEGRAM_HEADERS } from '../support/front.ts';
import { openRaw, post } from '../support/raw-http.ts';

const PATH = '/webhook/telegram';
const BODY = '{"update_id":5,"message":{"chat":{"id":4917012345},"date":1700000000}}';
const TRACE = '0af7651916cd43dd8448eb211c80319c';
const CALLER = 'b7ad6b7169203331';

interface Options extends FrontOptions {
  readonly ratio?: number;
  readonly isTrustedPeer?: boolean;
  readonly slowMs?: number;
}

async function startTraced({ ratio = 1, isTrustedPeer = false, slowMs, ...options }: Options = {}) {
  const spans: SpanRecord[] = [];
  const traces = createRequestTraces({
    ratio,
    isTrustedPeer: () => isTrustedPeer,
    record: span => void spans.push(span),
    now: Date.now,
    ...(slowMs === undefined ? {} : { slowMs }),
  });
  return { front: await startFront({ ...options, traces }), spans };
}

async function send(port: number, headers: readonly string[] = [], { path = PATH, body = BODY } = {}) {
  using client = await openRaw(port);
  client.write(post(path, [...TELEGRAM_HEADERS, ...headers], body));
  return (await client.answer()).status;
}

const traceparent = (flags: string) => [`traceparent: 00-${TRACE}-${CALLER}-${flags}`];

describe('the spans of a request', () => {
  it('of a challenge and a handshake are one each, with nothing of the query', async () => {
    const answer = { status: 200, contentType: 'text/plain', body: 'x' };
    const provider = { ...telegram, challenge: () => answer, handshake: () => answer };
    const { front, spans } = await startTraced({ providerOf: () => provider });
    await using _ = front;
    assert.equal(await send(front.port), 200);
    using client = await openRaw(front.port);
    client.write(`GET ${PATH}?token=a-verify-token HTTP/1.1\r\nHost: h\r\n\r\n`);
    assert.equal((await client.answer()).status, 200);
    assert.deepEqual(
      spans.map(({ name, attributes, events }) => [
        name,
        attributes['ackline.result'],
        events?.map(one => one.name),
      ]),
      [
        [`POST ${PATH}`, 'challenge', ['admit', 'read', 'verify', 'identify', 'ack']],
        [`GET ${PATH}`, 'challenge', ['admit', 'verify', 'ack']],
      ],
    );
    assert.ok(!JSON.stringify(spans).includes('a-verify-token'));
  });

  it('are the request with its phases, and its append, which the event names as where it was made', async () => {
    const source = sourceConfig({ publicUrl: 'https://hooks.example.com' });
    const { front, spans } = await startTraced({ sources: [source] });
    await using _ = front;
    assert.equal(await send(front.port), 200);
    const [request, append] = spans;
    const [event] = front.events;
    assert.ok(request && append && event && spans.length === 2);
    assert.deepEqual(
      [request.name, request.kind, request.parentId, request.isError],
      [`POST ${PATH}`, 'server', null, false],
    );
    assert.deepEqual(request.attributes, {
      'http.request.method': 'POST',
      'url.scheme': 'https',
      'server.address': 'hooks.example.com',
      'http.response.status_code': 200,
      'http.route': PATH,
      'url.path': PATH,
      'ackline.source': 'telegram',
      'ackline.tenant': 'default',
      'ackline.request.id': named(front.lines, 'webhook.accepted')[0]?.['requestId'],
      'ackline.result': 'accepted',
      'ackline.event.id': event.id,
    });
    assert.deepEqual(
      request.events?.map(({ name }) => name),
      ['admit', 'read', 'verify', 'identify', 'append', 'ack'],
    );
    assert.deepEqual(
      [append.name, append.kind, append.parentId],
      ['append inbox', 'producer', request.spanId],
    );
    assert.deepEqual(parseTraceparent(event.traceparent), {
      traceId: request.traceId,
      spanId: append.spanId,
      isSampled: true,
    });
    assert.ok(append.startMs >= request.startMs && append.endMs <= request.endMs);
  });

  it('name the topic where Kafka took the event', async () => {
    const { front, spans } = await startTraced({ append: () => Promise.resolve({ tier: 'kafka' }) });
    await using _ = front;
    await send(front.port);
    assert.equal(spans[1]?.name, 'send ackline.events.v1');
    assert.equal(spans[1].attributes['messaging.system'], 'kafka');
  });

  it('go on the trace of a trusted proxy, by its decision', async () => {
    const { front, spans } = await startTraced({ isTrustedPeer: true, ratio: 0 });
    await using _ = front;
    await send(front.port, traceparent('01'));
    assert.deepEqual([spans[0]?.traceId, spans[0]?.parentId], [TRACE, CALLER]);
    const { front: other, spans: none } = await startTraced({ isTrustedPeer: true, ratio: 1 });
    await using _other = other;
    await send(other.port, traceparent('00'));
    assert.equal(none.length, 0);
    assert.match(other.events[0]?.traceparent ?? '', new RegExp(`^00-${TRACE}-[0-9a-f]{16}-00$`));
  });

  it('are a trace of their own where anybody else sends a traceparent, or a proxy two or a broken one', async () => {
    const { front, spans } = await startTraced();
    await using _ = front;
    await send(front.port, traceparent('01'));
    const { front: proxied, spans: behindProxy } = await startTraced({ isTrustedPeer: true });
    await using _proxied = proxied;
    await send(proxied.port, [...traceparent('01'), ...traceparent('01')]);
    await send(proxied.port, ['traceparent: x']);
    const requests = [...spans, ...behindProxy].filter(({ kind }) => kind === 'server');
    assert.equal(requests.length, 3);
    for (const request of requests) {
      assert.equal(request.parentId, null);
      assert.notEqual(request.traceId, TRACE);
    }
    assert.deepEqual(
      front.events[0]?.headers.filter(([name]) => name === 'traceparent').map(([, value]) => value),
      [`00-${TRACE}-${CALLER}-01`],
      'the header itself travels as it came (A3)',
    );
  });

  it('are not recorded at a ratio of 0, but the event has a trace, and the log line its id', async () => {
    const { front, spans } = await startTraced({ ratio: 0 });
    await using _ = front;
    assert.equal(await send(front.port), 200);
    assert.equal(await send(front.port, [], { path: '/none' }), 404);
    assert.equal(spans.length, 0);
    const context = parseTraceparent(front.events[0]?.traceparent);
    assert.equal(context?.isSampled, false);
    assert.equal(named(front.lines, 'webhook.accepted')[0]?.['traceId'], context.traceId);
  });

  it('are recorded at any ratio where the answer is an error of ours, or an event is lost', async () => {
    const append = () => Promise.reject(new AppError('ACKLINE_NOT_DURABLE', 'no log'));
    for (const onUndurable of [503, 200] as const) {
      const { front, spans } = await startTraced({
        ratio: 0,
        append,
        sources: [sourceConfig({ onUndurable })],
      });
      await using _ = front;
      assert.equal(await send(front.port), onUndurable);
      assert.deepEqual(
        spans.map(({ name, isError }) => [name, isError]),
        [
          [`POST ${PATH}`, true],
          ['append', true],
        ],
      );
      assert.equal(spans[0]?.attributes['error.type'], onUndurable === 503 ? 'ACKLINE_NOT_DURABLE' : 'lost');
      const [line] = [...named(front.lines, 'webhook.rejected'), ...named(front.lines, 'webhook.lost')];
      assert.equal(line?.['traceId'], spans[0].traceId);
    }
  });

  it('are recorded at any ratio where the request was slow', async () => {
    const { front, spans } = await startTraced({ ratio: 0, slowMs: 0 });
    await using _ = front;
    assert.equal(await send(front.port), 200);
    assert.deepEqual(
      spans.map(({ kind, isError }) => [kind, isError]),
      [
        ['server', false],
        ['producer', false],
      ],
    );
  });

  it('are named by the method that was called, and by a path only where it is configured', async () => {
    const { front, spans } = await startTraced();
    await using _ = front;
    for (const path of [PATH, '/none']) await fetch(`http://127.0.0.1:${front.port}${path}`);
    assert.deepEqual(
      spans.map(({ name }) => name),
      [`GET ${PATH}`, 'GET'],
    );
  });

  it('hold nothing that a caller wrote', async () => {
    const { front, spans } = await startTraced();
    await using _ = front;
    await send(front.port, [], { path: `${PATH}?token=canary` });
    await send(front.port, [], { path: '/canary/canary?canary' });
    await send(front.port, ['X-Canary: canary'], { body: '{"canary"' });
    assert.equal(spans.filter(({ kind }) => kind === 'server').length, 3);
    assert.doesNotMatch(JSON.stringify(spans), /canary|4917012345/);
    assert.deepEqual(
      spans.map(({ attributes }) => attributes['ackline.reason']),
      [undefined, undefined, 'no_such_source', 'malformed'],
    );
  });

  it('are none without traces, and then the event has none either', async () => {
    await using front = await startFront();
    await send(front.port, traceparent('01'));
    assert.equal(front.events[0]?.traceparent, null);
    assert.equal('traceId' in (named(front.lines, 'webhook.accepted')[0] ?? {}), false);
  });
});
