import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readinessOf } from '@ackline/runtime/merged-operations';
import { curlCommand, shellQuote } from '../../src/up/curl-command.ts';
import { firstCurl } from '../../src/up/first-curl.ts';
import { formatLogLine, isLoud, parseLogLine } from '../../src/up/log-line.ts';
import type { Prepared } from '../../src/up/prepare.ts';
import { formatReadyBlock } from '../../src/up/ready-block.ts';
import { findSamplePort } from '../../src/up/sample-receiver.ts';
import { dataLayout } from '../../src/data-directory/layout.ts';
import { destination, exampleConfig, source } from '../example-config.ts';

test('a word for the shell survives quotes, dollars and line breaks', () => {
  assert.equal(shellQuote(`it's $HOME\n"x"`), `'it'\\''s $HOME\n"x"'`);
});

function prepared(overrides: Partial<Prepared>): Prepared {
  return {
    layout: dataLayout('/srv/.ackline'),
    acklineConfig: exampleConfig(),
    environment: { TOKEN: 'generated-token' },
    generated: new Set(['TOKEN']),
    ...overrides,
  };
}

test('the curl of a generated secret can be pasted as it is', () => {
  const curl = firstCurl(prepared({}), 'http://127.0.0.1:8080', 0) ?? '';
  assert.match(curl, /^curl -i 'http:\/\/127\.0\.0\.1:8080\/webhook\/telegram' \\\n/);
  assert.match(curl, /-H 'X-Telegram-Bot-Api-Secret-Token: generated-token'/);
  assert.match(curl, /--data-binary '\{"update_id":\d+,\n"message"/);
});

test("the operator's own secret is not repeated on the terminal", () => {
  const curl = firstCurl(prepared({ generated: new Set() }), 'http://127.0.0.1:8080', 0) ?? '';
  assert.doesNotMatch(curl, /generated-token/);
  assert.match(curl, /-H 'X-Telegram-Bot-Api-Secret-Token: '"\$TOKEN"''/);
});

test('without Telegram another provider gives the curl', () => {
  const sources = [source({ name: 'faster', provider: 'respondio', path: '/webhook/faster' })];
  const curl = firstCurl(prepared({ acklineConfig: exampleConfig({ sources }) }), 'http://h:1', 0) ?? '';
  assert.match(curl, /X-Webhook-Signature/);
});

test('a source that only its provider can sign for gives no curl, and holds up no other', () => {
  const publicKey = 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a';
  const discord = source({ name: 'bot', provider: 'discord', secrets: [{ env: 'DISCORD' }] });
  const other = source({ name: 'faster', provider: 'respondio', path: '/webhook/faster' });
  const environment = { DISCORD: publicKey, TOKEN: 'generated-token' };
  const curlOf = (...sources: (typeof discord)[]) =>
    firstCurl(prepared({ acklineConfig: exampleConfig({ sources }), environment }), 'http://h:1', 0);
  assert.equal(curlOf(discord), null);
  assert.match(curlOf(discord, other) ?? '', /X-Webhook-Signature/);
});

test('a body with a single quote does not end the word', () => {
  const sample = { headers: [], body: Buffer.from(`{"a":"it's"}`) };
  assert.match(curlCommand({ url: 'http://h', sample, hidden: null }), /--data-binary '\{"a":"it'\\''s"\}'$/);
});

test('the ready block names every URL, what is embedded and how to switch it', () => {
  const block = formatReadyBlock({
    version: '0.1.0',
    config: exampleConfig(),
    ingressUrl: 'http://127.0.0.1:8081',
    consoleUrl: 'http://127.0.0.1:8091',
    operationsUrl: 'http://127.0.0.1:9464',
    dataDir: '/srv/.ackline',
    hasDatabase: false,
    hasKafka: false,
    waiting: [],
    curl: 'curl -i x',
  });
  for (const part of [
    '\nAckline 0.1.0 is ready (development',
    'http://127.0.0.1:8081/webhook/telegram  telegram',
    'http://127.0.0.1:8081/health',
    'http://127.0.0.1:8091/api/v1',
    'http://127.0.0.1:9464/metrics',
    '/srv/.ackline',
    'embedded PostgreSQL 17',
    'DATABASE_URL=',
    'inbox instead of Kafka',
    'KAFKA_BROKERS=',
    'the same one again is answered 200 too, and stored once',
    '\ncurl -i x\n',
    '\nnpx ackline events\n',
  ]) {
    assert.ok(block.includes(part), part);
  }
});

test('a console that does not run has no URL in the ready block', () => {
  const urls = { ingressUrl: '', consoleUrl: null, operationsUrl: '' };
  const parts = { hasDatabase: true, hasKafka: true, waiting: [], curl: null };
  const block = formatReadyBlock({ version: '1', dataDir: '', config: exampleConfig(), ...urls, ...parts });
  assert.match(block, /Console +does not run, and is tried again/);
});

test('many sources do not push the curl off the screen', () => {
  const sources = Array.from({ length: 40 }, (_, index) => source({ path: `/webhook/${index}` }));
  const facts = {
    version: '',
    ingressUrl: '',
    consoleUrl: '',
    operationsUrl: '',
    dataDir: '',
    curl: null,
    waiting: [],
  };
  const parts = { hasDatabase: true, hasKafka: true };
  const block = formatReadyBlock({ ...facts, ...parts, config: exampleConfig({ sources }) });
  assert.match(block, /… and 28 more/);
});

test('warnings and errors of a service become one line for the terminal', () => {
  const line = parseLogLine(
    '{"level":"warn","msg":"kafka.unreachable","err":{"message":"connect\\u001b[2J\\nsecond","code":"X"}}',
  );
  assert.ok(line !== null && isLoud(line));
  assert.equal(formatLogLine('ingress', line), 'ingress warn: kafka.unreachable (connect·[2J)');
});

const shown = (fields: object) => {
  const line = parseLogLine(JSON.stringify({ level: 'warn', ...fields }));
  assert.ok(line !== null);
  return formatLogLine('processor', line);
};

test('a delivery that is parked or held is told with its destination, why, and the next command', () => {
  const parked = { msg: 'Delivery parked', eventId: 'e', destination: 'bot', outcome: 'park', ms: 3 };
  assert.equal(
    shown({ ...parked, reason: 'exhausted', status: null, error: 'connect', errorCode: 'ECONNREFUSED' }),
    'processor warn: Delivery parked (bot, exhausted, connect, ECONNREFUSED) – npx ackline park',
  );
  assert.equal(
    shown({ ...parked, reason: 'exhausted', status: 500, error: null }),
    'processor warn: Delivery parked (bot, exhausted, status 500) – npx ackline park',
  );
  assert.equal(
    shown({ msg: 'Delivery held', destination: 'bot', reason: 'gone', status: 410 }),
    'processor warn: Delivery held (bot, gone, status 410) – npx ackline destinations',
  );
});

test('a file that is refused is told with the place of its first mistake', () => {
  const refused = { msg: 'config.refused', code: 'ACKLINE_CONFIG_INVALID' };
  assert.equal(
    shown({ ...refused, problems: ['/a.yaml:3:5  sources: is missing', 'two', 'three'] }),
    'processor warn: config.refused (ACKLINE_CONFIG_INVALID, /a.yaml:3:5  sources: is missing; and 2 more) – npx ackline check',
  );
  assert.match(shown({ ...refused, problems: ['one'] }), /\(ACKLINE_CONFIG_INVALID, one\) – /);
});

test('a handler that can not be loaded is told with what is wrong with its module; what one logs is not', () => {
  const fields = {
    code: 'ACKLINE_HANDLER_NOT_LOADED',
    detail: '/h/bot.ts can not be loaded: SyntaxError at bot.ts:3: x',
  };
  const line = { destination: 'bot', fields };
  assert.equal(
    shown({ ...line, event: 'handler.not-loaded', msg: 'handler.not-loaded' }),
    'processor warn: handler.not-loaded (bot, /h/bot.ts can not be loaded: SyntaxError at bot.ts:3: x) – npx ackline destinations',
  );
  assert.equal(shown({ ...line, event: 'handler.logged', msg: 'text' }), 'processor warn: text (bot)');
});

test('a signal that could do nothing is told with what it needs', () => {
  assert.match(
    shown({ msg: 'replace.needs-parent', fix: 'set INGRESS_PROCESSES' }),
    /\(set INGRESS_PROCESSES\)$/,
  );
});

test('a line that is none of our logger is not taken for one', () => {
  for (const text of ['(node:1) Warning: x', '{"level":30}', '{broken', '[]', '']) {
    assert.equal(parseLogLine(text), null, text);
  }
});

test('readiness names the parts that are not well', () => {
  assert.deepEqual(readinessOf({ status: 200, body: '' }), { ok: true });
  assert.deepEqual(readinessOf(null), { ok: false, detail: 'does not answer' });
  const body = JSON.stringify({
    parts: { kafka: { ok: false, detail: 'away' }, http: { ok: true }, a: { ok: false } },
  });
  assert.deepEqual(readinessOf({ status: 503, body }), { ok: false, detail: 'kafka: away; a' });
  assert.equal(readinessOf({ status: 503, body: 'broken' }).detail, 'is starting or draining');
});

test('the sample receiver is started only for a destination that names it', () => {
  const portOf = (url: string) => findSamplePort(exampleConfig({ destinations: [destination({ url })] }));
  assert.equal(portOf('http://127.0.0.1:8090/sample'), 8090);
  assert.equal(portOf('http://127.0.0.1:8090/other'), null);
  assert.equal(portOf('https://127.0.0.1:8090/sample'), null);
  assert.equal(portOf('http://bot.internal:8090/sample'), null);
});
