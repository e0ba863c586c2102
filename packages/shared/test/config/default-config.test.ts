import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { type KnownProviders, loadConfig } from '../../src/config/load-config.ts';

const provider = {
  checkSecret: () => true as const,
  contentTypes: [],
  signsUrl: false,
  toleranceMs: null,
  overLimit: 'reject' as const,
};
const providers: KnownProviders = new Map([
  ['telegram', provider],
  ['twilio', provider],
  ['respondio', provider],
]);

const text = readFileSync(new URL('../../../../ackline.yaml', import.meta.url), 'utf8');

describe('the ackline.yaml of the repository', () => {
  const config = loadConfig(text, { fileName: 'ackline.yaml', providers, production: false });

  it('has every endpoint, each with its tenant and the name of its secret', () => {
    const rows = config.sources.map(source => [
      [source.path, ...source.aliases].join(' '),
      source.provider,
      source.tenant,
      source.secrets.map(secret => ('env' in secret ? secret.env : secret.file)).join(' '),
      source.onUndurable,
    ]);
    assert.deepEqual(rows, [
      ['/webhook/telegram', 'telegram', 'default', 'WEBHOOK_SECRET_TOKEN', 503],
      ['/webhook/whatsapp /webhook/whatsapp-optimized', 'twilio', 'default', 'TWILIO_AUTH_TOKEN', 503],
      ['/webhook/faster/incoming', 'respondio', 'faster', 'RESPONDIO_FASTER_INCOMING_KEY', 503],
      ['/webhook/faster/outgoing', 'respondio', 'faster', 'RESPONDIO_FASTER_OUTGOING_KEY', 503],
      ['/webhook/vip/incoming', 'respondio', 'vip', 'RESPONDIO_VIP_INCOMING_KEY', 503],
      ['/webhook/vip/outgoing', 'respondio', 'vip', 'RESPONDIO_VIP_OUTGOING_KEY', 503],
    ]);
  });

  it('brings every event to the sample receiver, in the order of its key', () => {
    assert.deepEqual(config.routes, [
      {
        name: 'everything',
        match: { source: null, type: null, tenant: null, where: null },
        destination: 'sample-receiver',
        priority: 'event',
        history: 'all',
        transform: null,
      },
    ]);
    const [destination] = config.destinations;
    assert.ok(destination?.type === 'http');
    assert.equal(destination.url, 'http://127.0.0.1:8090/sample');
    assert.equal(destination.ordering, 'key');
  });

  it('loads with its examples switched on too', () => {
    const uncommented = text.replaceAll(/^( *)# (publicUrl|match|signingSecret|retry):/gm, '$1$2:');
    assert.notEqual(uncommented, text);
    const loaded = loadConfig(uncommented, { fileName: 'ackline.yaml', providers, production: false });
    assert.equal(loaded.publicUrl, 'https://hooks.example.com');
    assert.deepEqual(loaded.routes[0]?.match.where?.given, { 'body.message.text': { $startsWith: '/' } });
    assert.deepEqual(loaded.destinations[0]?.signingSecret, { env: 'SAMPLE_SIGNING_SECRET' });
    assert.deepEqual(loaded.destinations[0]?.retry, config.destinations[0]?.retry);
  });
});
