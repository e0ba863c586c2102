import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { addressOf } from '../../src/config/destination-address.ts';
import { type KnownProviders, loadConfig } from '../../src/config/load-config.ts';

const provider = {
  checkSecret: () => true as const,
  contentTypes: [],
  signsUrl: false,
  toleranceMs: null,
  overLimit: 'reject' as const,
};
const providers: KnownProviders = new Map([['telegram', provider]]);

/** The destination begins at line 3. */
const load = (destination: string) =>
  loadConfig(
    `sources: [{ name: s, provider: telegram, path: /s, secrets: [{ env: A }] }]\ndestinations:\n  - { name: d, ${destination} }\n`,
    { fileName: 'ackline.yaml', providers, production: true },
  ).destinations[0];
const errorsOf = (destination: string): readonly string[] => {
  try {
    load(destination);
  } catch (error) {
    return (error as Error).message
      .split('\n')
      .map(line => line.replace(/^ackline\.yaml:\d+:\d+ {2}destinations\[0\]/, ''));
  }
  return [];
};

describe('a destination of type kafka in ackline.yaml', () => {
  it('is as docs/kafka.md shows it', () => {
    const page = readFileSync(new URL('../../../../docs/kafka.md', import.meta.url), 'utf8');
    const [, example = ''] = /^```yaml\n(.*?)^```$/ms.exec(page) ?? [];
    const sources = 'sources: [{ name: shop, provider: telegram, path: /s, secrets: [{ env: A }] }]\n';
    const { destinations } = loadConfig(sources + example, {
      fileName: 'kafka.md',
      providers,
      production: true,
    });
    assert.ok(destinations[0]?.type === 'kafka');
    assert.deepEqual([destinations[0].topic, destinations[0].ordering], ['shop.orders', 'key']);
  });

  it('has a topic, and what records have', () => {
    const plain = load('type: kafka, topic: orders.v1');
    assert.ok(plain?.type === 'kafka');
    const { topic, key, headers, brokers, timeoutMs } = plain;
    assert.deepEqual(
      [topic, key, headers, brokers, timeoutMs],
      ['orders.v1', 'ordering-key', {}, null, 10_000],
    );
    assert.equal('url' in plain, false);
    const full = load(
      "type: kafka, topic: orders, key: event-id, headers: { team: sales }, brokers: ['kafka-1:9092', '[::1]:9093'], ordering: none",
    );
    assert.ok(full?.type === 'kafka');
    assert.deepEqual(
      [full.key, full.headers, full.brokers],
      ['event-id', { team: 'sales' }, ['kafka-1:9092', '[::1]:9093']],
    );
    assert.equal(addressOf(full), 'kafka:orders');
  });

  it('reaches brokers of its own by TLS and with a login where it says so, and by nothing of others', () => {
    const brokers = "type: kafka, topic: t, brokers: ['kafka-1:9093']";
    const security = (more = '') => {
      const loaded = load(`${brokers}${more}`);
      assert.ok(loaded?.type === 'kafka');
      return { tls: loaded.tls, sasl: loaded.sasl };
    };
    const files = { caFile: null, certFile: null, keyFile: null };
    assert.deepEqual(security(), { tls: null, sasl: null });
    assert.deepEqual(security(', tls: {}'), { tls: files, sasl: null });
    assert.deepEqual(security(', tls: { caFile: /ca.crt, certFile: /tls.crt, keyFile: /tls.key }').tls, {
      caFile: '/ca.crt',
      certFile: '/tls.crt',
      keyFile: '/tls.key',
    });
    const sasl = 'sasl: { mechanism: plain, username: me, password: { env: KAFKA_PASSWORD } }';
    assert.deepEqual(security(`, ${sasl}`), {
      tls: files,
      sasl: { mechanism: 'plain', username: 'me', password: { env: 'KAFKA_PASSWORD' } },
    });
    for (const own of ['tls: {}', sasl])
      assert.match(
        errorsOf(`type: kafka, topic: t, ${own}`).join('|'),
        /^\.(?:tls|sasl): is for brokers of its own/,
      );
    assert.match(
      errorsOf(`type: http, url: 'http://a.b', ${sasl}`).join('|'),
      /^\.sasl: belongs to a destination of type kafka/,
    );
  });

  it('takes no file by half, no password in clear and no mechanism that there is not', () => {
    const errors = (more: string) =>
      errorsOf(`type: kafka, topic: t, brokers: ['kafka-1:9093'], ${more}`).join('|');
    assert.match(errors('tls: { certFile: /tls.crt }'), /^\.tls\.keyFile: is missing: the key of certFile/);
    assert.match(
      errors('tls: { keyFile: /tls.key }'),
      /^\.tls\.certFile: is missing: the certificate of keyFile/,
    );
    assert.match(errors('tls: { caFile: ca.crt }'), /^\.tls\.caFile: must be the absolute path/);
    assert.match(
      errors('sasl: { mechanism: plain, username: me, password: hunter2 }'),
      /^\.sasl\.password: /,
    );
    assert.match(
      errors('sasl: { mechanism: gssapi, username: me, password: { env: A } }'),
      /^\.sasl\.mechanism: /,
    );
  });

  it('needs its topic, as http needs its URL, and takes nothing of the other', () => {
    assert.deepEqual(errorsOf('type: kafka'), ['.topic: is missing: must be the name of a topic']);
    assert.deepEqual(errorsOf('type: http'), [
      '.url: is missing: must be an http or https URL such as https://app.internal/events',
    ]);
    assert.deepEqual(errorsOf("type: kafka, topic: t, url: 'http://a.b'"), [
      '.url: belongs to a destination of type http, and this is one of type kafka',
    ]);
    assert.deepEqual(errorsOf("type: http, url: 'http://a.b', topic: t, key: none"), [
      '.topic: belongs to a destination of type kafka, and this is one of type http',
      '.key: belongs to a destination of type kafka, and this is one of type http',
    ]);
  });

  it('is not Ackline’s own topic, nor one whose keys would break the order that it asks for', () => {
    assert.deepEqual(errorsOf('type: kafka, topic: ackline.events.v1'), [
      ".topic: is Ackline's own, where events come from: name another one",
    ]);
    for (const key of ['event-id', 'none']) {
      assert.match(
        errorsOf(`type: kafka, topic: t, key: ${key}, ordering: key`).join('|'),
        /^\.key: puts the events of one chat/,
      );
    }
    assert.deepEqual(errorsOf('type: kafka, topic: t, key: none'), []);
  });

  it('has names that Kafka takes, and no header that could be taken for Ackline’s', () => {
    for (const topic of ['..', 'a b', "''", 'a'.repeat(250)]) {
      assert.match(
        errorsOf(`type: kafka, topic: ${topic}`).join('|'),
        /^\.topic: must be the name of a topic/,
      );
    }
    for (const headers of ['{ webhook-id: x }', '{ Ackline-Url: x }', '{ a: 1 }', '[]', "{ 'a b': x }"]) {
      assert.match(errorsOf(`type: kafka, topic: t, headers: ${headers}`).join('|'), /^\.headers/);
    }
    for (const brokers of ['[]', '[kafka]', "['http://kafka:9092']", "['kafka:0']"]) {
      assert.match(errorsOf(`type: kafka, topic: t, brokers: ${brokers}`).join('|'), /^\.brokers/);
    }
  });
});
