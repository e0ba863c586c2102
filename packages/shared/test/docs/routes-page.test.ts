import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import { type KnownProviders, loadConfig } from '../../src/config/load-config.ts';
import { createFanOut } from '../../src/routing/fan-out.ts';
import { filterDocument } from '../../src/routing/filter-document.ts';
import type { RoutableEvent } from '../../src/routing/routable-event.ts';
import { compileTransform, evaluateTransform } from '../../src/routing/transform.ts';
import { routableEvent } from '../routing/routing-examples.ts';

const page = readFileSync(new URL('../../../../docs/routes.md', import.meta.url), 'utf8');
const blocks = [...page.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, text = '']) => text);

const provider = {
  checkSecret: () => true as const,
  contentTypes: [],
  signsUrl: false,
  toleranceMs: null,
  overLimit: 'reject' as const,
};
const providers: KnownProviders = new Map([['telegram', provider]]);
const DESTINATIONS = ['bot', 'archive', 'support', 'sales', 'media'];
const SOURCES = `
sources:
  - { name: telegram, provider: telegram, path: /telegram, secrets: [{ env: A }] }
  - { name: whatsapp, provider: telegram, path: /whatsapp, secrets: [{ env: A }] }
  - { name: shop, provider: telegram, path: /shop, tenant: acme, secrets: [{ env: A }] }
destinations: [${DESTINATIONS.map(name => `{ name: ${name}, type: http, url: 'http://127.0.0.1:1' }`).join(', ')}]
`;

/** The page's routes that take the event. */
function routesOf(event: Partial<RoutableEvent>) {
  return blocks.flatMap(block => {
    const config = loadConfig(block + SOURCES, { fileName: 'routes.md', providers, production: false });
    const fanOut = createFanOut(config)(routableEvent(event));
    return fanOut.routing === 'routed' ? fanOut.routes : [];
  });
}

const takers = (event: Partial<RoutableEvent>): string[] => routesOf(event).map(route => route.name);

const telegram = (message: object, type = 'message') => ({
  type,
  body: Buffer.from(JSON.stringify({ [type]: message })),
});
const shop = (body: object, headers: RoutableEvent['headers'] = []) => ({
  source: 'shop',
  type: 'unknown',
  headers,
  body: Buffer.from(JSON.stringify(body)),
});
const whatsapp = (fields: Record<string, string>) => ({
  source: 'whatsapp',
  type: 'message.received',
  headers: [['Content-Type', 'application/x-www-form-urlencoded']] as const,
  body: Buffer.from(new URLSearchParams(fields).toString()),
});

const ORDER = '{"order":{"id":1042,"lines":[{"sku":"A-1","price":2.5,"quantity":2}]}}';
const TICKET = '{"ticket":{"priority":"high","title":"It smokes"}}';
const of = (body: string) => ({ ...shop({}), body: Buffer.from(body) });

const CASES: readonly (readonly [Partial<RoutableEvent>, readonly string[]])[] = [
  [
    telegram({ text: 'hello' }),
    ['new-messages', 'all-of-messages', 'neither-polls-nor-votes', 'texts', 'not-a-test'],
  ],
  [telegram({ sticker: {} }, 'edited_message'), ['neither-polls-nor-votes', 'not-a-test']],
  [telegram({}, 'poll'), ['not-a-test']],
  [
    telegram({ text: '/start @ada', entities: [{ type: 'bot_command' }, { type: 'mention' }] }),
    [
      'new-messages',
      'all-of-messages',
      'neither-polls-nor-votes',
      'texts',
      'commands',
      'mentions',
      'begins-with-a-command',
      'not-a-test',
    ],
  ],
  [
    telegram({ text: 'My Invoice?', chat: { id: -1001234567890 }, from: { is_bot: false } }),
    ['new-messages', 'all-of-messages', 'neither-polls-nor-votes', 'texts', 'support-group', 'not-a-test'],
  ],
  [shop({ order: { total: 999.5, priority: 'low' } }), ['not-a-test']],
  [shop({ order: { total: 1000 } }), ['large-or-urgent', 'not-a-test']],
  [shop({ order: { priority: 'urgent' } }, [['X-Test', '1']]), ['large-or-urgent']],
  [shop({ items: [{ sku: 'A-1', quantity: 2 }] }), ['two-of-a-kind', 'with-items', 'not-a-test']],
  [
    shop({
      items: [
        { sku: 'A-1', quantity: 1 },
        { sku: 'B', quantity: 2 },
      ],
    }),
    ['with-items', 'not-a-test'],
  ],
  [shop({ kind: 'refund' }), ['not-a-test', 'refunds-first']],
  [shop({ items: [] }, [['x-test', '']]), []],
  [shop({ contact: { tags: ['berlin', 'x', 'vip'] } }), ['tagged', 'not-a-test']],
  [
    shop({}, [
      ['X-Topic', 'other'],
      ['x-topic', 'refunds'],
    ]),
    ['of-one-topic', 'not-a-test'],
  ],
  [
    whatsapp({ From: 'whatsapp:+15550001', NumMedia: '2', Body: '' }),
    ['all-of-messages', 'not-a-test', 'whatsapp-with-media'],
  ],
  [
    whatsapp({ From: 'whatsapp:+15550001', NumMedia: '0', Body: ' STOP ' }),
    ['all-of-messages', 'not-a-test', 'stop-words'],
  ],
  [whatsapp({ From: '+15550001', NumMedia: '1', Body: 'stop it' }), ['all-of-messages', 'not-a-test']],
  [of(ORDER), ['not-a-test', 'order-for-the-crm']],
  [of(TICKET), ['not-a-test', 'ticket-for-the-chat']],
  [of('{"click":1}'), ['not-a-test', 'every-click']],
];

const EVENT = { source: 'shop', tenant: 'default', type: 'unknown', provider: 'telegram' };
const TRANSFORMED: readonly (readonly [given: string, made: string])[] = [
  [ORDER, '{"reference":"order-1042","total":5,"skus":["A-1"]}'],
  [TICKET, '{"text":"HIGH: It smokes"}'],
];

describe('docs/routes.md', () => {
  it('has examples that take what they say', () => {
    for (const [event, names] of CASES) assert.deepEqual(takers(event), names, String(event.body));
  });

  it('has transforms that make what it says', async () => {
    for (const [given, made] of TRANSFORMED) {
      assert.ok(page.includes(given) && page.includes(made), given);
      const transform = routesOf(of(given)).find(route => route.transform !== null)?.transform;
      const { body } = filterDocument(routableEvent(of(given)));
      const expression = compileTransform(transform?.jsonata ?? '');
      const result = await evaluateTransform(expression, { ...EVENT, body, headers: {} });
      assert.equal(result.kind === 'done' ? Buffer.from(result.body).toString() : result.kind, made);
    }
  });

  it('has no example that was not tried', () => {
    const named = blocks.flatMap(block =>
      (parse(block) as { routes: { name: string }[] }).routes.map(route => route.name),
    );
    assert.equal(named.length, 20);
    assert.deepEqual(
      named.filter(name => !CASES.some(([, names]) => names.includes(name))),
      [],
    );
    for (const name of named)
      assert.ok(
        CASES.some(([, names]) => !names.includes(name)),
        name,
      );
  });

  it('names every operator', () => {
    const words = [
      '$eq',
      '$ne',
      '$gt',
      '$gte',
      '$lt',
      '$lte',
      '$in',
      '$nin',
      '$exists',
      '$type',
      '$regex',
      '$options',
      '$startsWith',
      '$endsWith',
      '$all',
      '$size',
      '$elemMatch',
      '$not',
      '$and',
      '$or',
      '$nor',
    ];
    for (const word of words) assert.ok(page.includes(`\`${word}`), word);
  });
});
