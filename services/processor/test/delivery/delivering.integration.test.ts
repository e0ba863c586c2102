import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { DestinationConfig, HttpDestinationConfig } from '@ackline/shared/config/types';
import type { HeaderPairs } from '@ackline/shared/envelope';
import { claimDue } from '@ackline/store/delivery-claims';
import { listAudit } from '@ackline/store/audit';
import { listPausedDestinations, resumeDestination } from '@ackline/store/destinations';
import { sweepExpiredLeases } from '@ackline/store/expired-leases';
import { listParked } from '@ackline/store/parked';
import { replayDelivery } from '@ackline/store/replay-delivery';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import { type FakeReceiver, startFakeReceiver } from '@ackline/testkit/fake-receiver';
import { waitFor } from '@ackline/testkit/wait-for';
import type { Pool } from 'pg';
import { Webhook } from 'standardwebhooks';
import { createDestinationNews } from '../../src/destination-news.ts';
import { createHeartbeat } from '../../src/heartbeat.ts';
import { destinationConfig, sourceConfig } from '../configs.ts';
import { openPool, sampleEvent } from '../events.ts';
import { seededRandom } from '../seeded-random.ts';
import { type RunningDelivery, type RunningOptions, runDelivery } from './running-delivery.ts';

const KEY = Buffer.from('a signing key of thirty-two bytes');
const SECRET = `whsec_${KEY.toString('base64')}`;

interface Row {
  readonly id: string;
  readonly event_id: string;
  readonly destination: string;
  readonly state: string;
  readonly tries: number;
  readonly interruptions: number;
  readonly park_reason: string | null;
  readonly attempts: readonly {
    outcome: string;
    status: number | null;
    error: string | null;
    excerpt?: string | null;
  }[];
}

describe('delivering', () => {
  let database: TestDatabase;
  let pool: Pool;
  let receiver: FakeReceiver;
  let running: RunningDelivery[] = [];
  before(async () => {
    database = await createTestDatabase();
    pool = openPool(database.url);
  });
  beforeEach(async () => {
    await pool.query(
      'truncate event_keys, events, deliveries, finished_deliveries, paused_destinations, processors, destination_states',
    );
    receiver = await startFakeReceiver();
  });
  after(async () => {
    await pool.end();
    await database.close();
  });

  async function scene(
    options: Omit<RunningOptions, 'pool'>,
    play: (scene: RunningDelivery) => Promise<void>,
  ): Promise<void> {
    const started = await runDelivery({ pool, ...options });
    running.push(started);
    try {
      await play(started);
    } finally {
      for (const one of running) await one.stop(0);
      running = [];
      await receiver.close();
    }
  }
  const to = (overrides: Partial<HttpDestinationConfig> = {}): DestinationConfig =>
    destinationConfig({ url: `${receiver.url}/hook`, ...overrides });

  async function rows(): Promise<readonly Row[]> {
    const found = await pool.query<Row>('select * from all_deliveries order by seq, destination');
    return found.rows;
  }
  const untilAll = (state: string) =>
    waitFor(async () => (await rows()).every(row => row.state === state), {
      what: `all deliveries ${state}`,
      timeoutMs: 30_000,
    });

  describe('gives the receiver', () => {
    const headers: HeaderPairs = [
      ['Content-Type', 'application/octet-stream'],
      ['X-Twilio-Signature', 'sig='],
      ['X-Twice', 'one'],
      ['x-twice', 'caf\u00e9'],
      ['X-Twice', 'one'],
    ];
    /** Without the headers that every request has for its connection. */
    const forwarded = (index: number) =>
      receiver.requests[index]!.rawHeaders.filter(
        ([name]) => !['host', 'connection', 'content-length'].includes(name.toLowerCase()),
      );
    const signed = (config: DestinationConfig) => ({ ...config, signingSecret: { env: 'SIGNING' } });

    it('the original bytes and headers in order with duplicates, signed, at the first try and at a later one', async () => {
      const body = Buffer.from([0, 1, 0xff, 0xfe, 13, 10, 0x80]);
      await scene({ destinations: [signed(to())], env: { SIGNING: SECRET } }, async ({ store }) => {
        receiver.script({ status: 500 });
        await store([sampleEvent({ headers, body })]);
        await untilAll('delivered');
        assert.equal(receiver.requests.length, 2); // the second from the store, by a claim
        for (const index of [0, 1]) {
          assert.deepEqual(receiver.requests[index]!.body, body);
          const sent = forwarded(index);
          assert.deepEqual(sent.slice(0, headers.length), headers);
          assert.deepEqual(
            sent.slice(headers.length).map(([name]) => name),
            ['webhook-id', 'webhook-timestamp', 'webhook-signature', 'ackline-url'],
          );
          const own = Object.fromEntries(sent);
          const expected = createHmac('sha256', KEY)
            .update(`${own['webhook-id']}.${own['webhook-timestamp']}.`)
            .update(body)
            .digest('base64');
          assert.equal(own['webhook-signature'], `v1,${expected}`);
          assert.equal(own['ackline-url'], 'https://hooks.example.com/webhook/telegram');
          assert.equal(own['webhook-id'], (await rows())[0]!.id); // the same at each try
        }
      });
    });

    it('a signature that the reference library accepts', async () => {
      const body = '{"text":"\u{1f600}"}';
      await scene({ destinations: [signed(to())], env: { SIGNING: SECRET } }, async ({ store }) => {
        await store([sampleEvent({ body: Buffer.from(body) })]);
        await untilAll('delivered');
        const sent = Object.fromEntries(forwarded(0));
        assert.deepEqual(new Webhook(SECRET).verify(body, sent), JSON.parse(body));
      });
    });

    it('the bearer secret only where it is so configured', async () => {
      const bearer: HeaderPairs = [['X-Telegram-Bot-Api-Secret-Token', 'secret:0']];
      const destinations = [to({ name: 'bot', forwardSecret: true }), to({ name: 'crm' })];
      const options = {
        destinations,
        env: { TOKEN: 'the-token' },
        sources: [sourceConfig({ secrets: [{ env: 'TOKEN' }] })],
      };
      await scene(options, async ({ store }) => {
        await store([sampleEvent({ headers: bearer })]);
        await untilAll('delivered');
        const seen = receiver.requests.map(request => Object.fromEntries(request.rawHeaders));
        const tokens = seen.map(sent => sent['X-Telegram-Bot-Api-Secret-Token']);
        assert.deepEqual(new Set(tokens), new Set(['secret:0', 'the-token']));
      });
    });

    it('no secret’s place while its source is not in the file: it waits for a newer one, or is parked', async test => {
      test.after(() => receiver.close());
      const retry = { scheduleMs: [1, 1], jitter: 'none' } as const;
      const options = {
        destinations: [to({ name: 'bot', forwardSecret: true, retry })],
        env: { TOKEN: 'the-token' },
      };
      const known = { ...options, sources: [sourceConfig({ secrets: [{ env: 'TOKEN' }] })] };
      const renamed = {
        ...options,
        sources: [sourceConfig({ name: 'renamed', secrets: [{ env: 'TOKEN' }] })],
      };
      const turn = async (
        turned: Omit<RunningOptions, 'pool'>,
        play: (one: RunningDelivery) => Promise<void>,
      ) => {
        const one = await runDelivery({ pool, ...turned });
        try {
          await play(one);
        } finally {
          await one.stop();
        }
      };
      const lastError = async () => (await rows())[0]?.attempts.at(-1)?.error;
      const tokens = () =>
        receiver.requests.map(
          request => Object.fromEntries(request.rawHeaders)['X-Telegram-Bot-Api-Secret-Token'],
        );
      receiver.always({ status: 500 });
      await turn(known, async ({ store }) => {
        await store([sampleEvent({ headers: [['X-Telegram-Bot-Api-Secret-Token', 'secret:0']] })]);
        await waitFor(() => receiver.requests.length === 1);
      });
      receiver.always({ status: 200 });
      await turn({ ...renamed, unknownNameWaitMs: 60_000 }, async () => {
        await waitFor(async () => (await lastError()) === 'source-unknown');
      });
      await turn(renamed, async () => {
        await untilAll('parked');
      });
      const [parked] = await rows();
      assert.deepEqual([parked?.park_reason, await lastError()], ['unsendable', 'source-gone']);
      await turn(known, async ({ delivery }) => {
        await replayDelivery(pool, parked!.id, 'anna');
        delivery.dispatcher.wake();
        await untilAll('delivered');
      });
      assert.deepEqual(new Set(tokens()), new Set(['the-token']));
    });

    it('the headers of the destination in the place of the provider’s, at each try and in a replay', async () => {
      const crm = to({ headers: { 'x-team': 'shop', authorization: { env: 'AUTH' } } });
      const theirs: HeaderPairs = [
        ['Authorization', 'Basic of the provider'],
        ['X-Stays', 'yes'],
      ];
      await scene({ destinations: [crm], env: { AUTH: 'Bearer hunter2' } }, async ({ store, delivery }) => {
        receiver.script({ status: 500 });
        await store([sampleEvent({ headers: theirs })]);
        await untilAll('delivered');
        await replayDelivery(pool, (await rows())[0]!.id, 'anna');
        delivery.dispatcher.wake();
        await waitFor(() => receiver.requests.length === 3);
        await untilAll('delivered');
        for (const index of [0, 1, 2]) {
          const sent = forwarded(index);
          assert.deepEqual(sent.slice(0, 3), [
            ['X-Stays', 'yes'],
            ['x-team', 'shop'],
            ['authorization', 'Bearer hunter2'],
          ]);
          assert.equal(sent.filter(([name]) => name.toLowerCase() === 'authorization').length, 1);
        }
        assert.equal(Object.fromEntries(forwarded(2))['webhook-replay'], 'true');
      });
    });

    it('the secret that a header’s file holds at each try, and nothing while that has no form of a header', async test => {
      const folder = await mkdtemp(join(tmpdir(), 'ackline-headers-'));
      test.after(() => rm(folder, { recursive: true }));
      const file = join(folder, 'crm');
      const put = async (text: string) => {
        await writeFile(`${file}.next`, text);
        await rename(`${file}.next`, file);
      };
      await put('first\n');
      const retry = { scheduleMs: Array<number>(200).fill(50), jitter: 'none' } as const;
      const crm = to({ retry, headers: { 'X-Api-Key': { file } } });
      const keys = () =>
        receiver.requests.map(request => Object.fromEntries(request.rawHeaders)['X-Api-Key'] ?? 'none');
      await scene({ destinations: [crm] }, async ({ store }) => {
        receiver.always({ status: 401 });
        await store([sampleEvent()]);
        await waitFor(() => keys().includes('first'));
        await put('two\nlines');
        await waitFor(async () => (await rows())[0]!.attempts.some(({ error }) => error === 'other'));
        const told = (await rows())[0]!.attempts.find(({ error }) => error === 'other')?.excerpt ?? '';
        assert.match(told, /^header X-Api-Key: file .* has the wrong form: it must be 1 to 4096 visible/);
        assert.doesNotMatch(told, /two/);
        receiver.always({ status: 200 });
        await put('second\n');
        await untilAll('delivered');
        assert.deepEqual(new Set(keys()), new Set(['first', 'second']));
        assert.equal(keys().at(-1), 'second');
      });
    });

    it('a secret in a header that no answer brings back: what it answers is kept where there is none', async () => {
      const retry = { scheduleMs: [], jitter: 'none' } as const;
      const destinations = [
        to({ name: 'crm', retry, headers: { authorization: { env: 'AUTH' } } }),
        to({ name: 'plain', retry, headers: { 'x-team': 'shop' } }),
      ];
      await scene({ destinations, env: { AUTH: 'Bearer hunter2' } }, async ({ store }) => {
        receiver.always(({ rawHeaders }) => ({ status: 403, body: JSON.stringify(rawHeaders) }));
        await store([sampleEvent()]);
        await untilAll('parked');
        const parked = await listParked(pool, { limit: 10 });
        const excerpts = Object.fromEntries(
          parked.map(({ destination, lastAttempt }) => [destination, lastAttempt?.excerpt]),
        );
        assert.equal(excerpts['crm'], null);
        assert.match(excerpts['plain'] ?? '', /x-team/);
        const { rows: all } = await pool.query('select to_jsonb(d) as row from all_deliveries d');
        assert.doesNotMatch(JSON.stringify(all), /hunter2/);
      });
    });

    it('a bearer token in the header that the options of its source name, behind its prefix', async () => {
      const options = {
        destinations: [to({ name: 'bot', forwardSecret: true })],
        env: { TOKEN: 'the-token' },
        sources: [
          sourceConfig({
            provider: 'generic',
            options: { scheme: 'token', header: 'Authorization', prefix: 'Bearer ' },
            secrets: [{ env: 'TOKEN' }],
          }),
        ],
      };
      await scene(options, async ({ store }) => {
        await store([sampleEvent({ provider: 'generic', headers: [['Authorization', 'secret:0']] })]);
        await untilAll('delivered');
        const sent = Object.fromEntries(receiver.requests[0]!.rawHeaders);
        assert.equal(sent['Authorization'], 'Bearer the-token');
      });
    });

    it('the mark of a replay', async () => {
      await scene({ destinations: [to()] }, async ({ store, delivery }) => {
        await store([sampleEvent()]);
        await untilAll('delivered');
        await replayDelivery(pool, (await rows())[0]!.id, 'anna');
        delivery.dispatcher.wake();
        await waitFor(() => receiver.requests.length === 2);
        assert.deepEqual(
          [0, 1].map(index => Object.fromEntries(forwarded(index))['webhook-replay']),
          [undefined, 'true'],
        );
        await untilAll('delivered');
      });
    });
  });

  describe('a receiver that fails', () => {
    it('is tried again as the schedule says, and the delivery is parked at its end', async () => {
      receiver.always({ status: 500, body: 'out of order' });
      const retry = { scheduleMs: [1, 2, 1], jitter: 'full' } as const;
      await scene({ destinations: [to({ retry })] }, async ({ store }) => {
        await store([sampleEvent()]);
        await untilAll('parked');
        assert.equal(receiver.requests.length, 4);
        const [parked] = await listParked(pool, { limit: 10 });
        assert.deepEqual([parked!.reason, parked!.cause, parked!.tries], ['exhausted', 'crm 500', 4]);
        assert.deepEqual([parked!.lastAttempt?.status, parked!.lastAttempt?.excerpt], [500, 'out of order']);
        assert.deepEqual(
          (await rows())[0]!.attempts.map(attempt => attempt.outcome),
          ['retry', 'retry', 'retry', 'park'],
        );
      });
    });

    it('with 410 is paused, and its work is held until it is resumed', async () => {
      receiver.script({ status: 410 });
      await scene({ destinations: [to({ concurrency: 1 })] }, async ({ store, delivery }) => {
        await store([sampleEvent(), sampleEvent()]);
        const paused = await waitFor(async () => (await listPausedDestinations(pool))[0]);
        assert.deepEqual([paused.name, paused.reason], ['crm', 'answered 410 Gone']);
        const [noted] = await listAudit(pool, { limit: 1 });
        assert.deepEqual([noted!.action, noted!.subject], ['destination.paused', 'crm']);
        assert.match(noted!.actor, /^processor@./);
        await waitFor(async () => (await rows())[0]!.attempts.length === 1);
        await store([sampleEvent()]);
        assert.deepEqual(
          (await rows()).map(row => [row.state, row.tries]),
          [
            ['due', 0],
            ['due', 0],
            ['due', 0],
          ],
        );
        assert.equal(receiver.requests.length, 1);
        const heartbeat = createHeartbeat({
          pool,
          processorId: 'one',
          destinations: delivery.destinations,
          news: createDestinationNews({
            pool,
            destinations: delivery.destinations,
            cache: { learn: () => undefined },
          }),
          state: () => ({}),
          log: undefined as never,
        });
        await heartbeat.beat();
        assert.equal(delivery.destinations.get('crm')!.pause.isOn, true);
        await resumeDestination(pool, 'crm', 'anna');
        await heartbeat.beat();
        await untilAll('delivered');
        assert.equal(receiver.requests.length, 4);
      });
    });

    it('by never answering is cut at the time limit, while the others go on', async () => {
      receiver.always(request => (request.url === '/slow' ? { hang: true } : { status: 200 }));
      const slow = to({
        name: 'slow',
        url: `${receiver.url}/slow`,
        concurrency: 2,
        timeoutMs: 300,
        retry: { scheduleMs: [], jitter: 'none' },
      });
      await scene({ destinations: [slow, to()] }, async ({ store }) => {
        await store(Array.from({ length: 5 }, () => sampleEvent()));
        const ofCrm = async () => (await rows()).filter(row => row.destination === 'crm');
        await waitFor(async () => (await ofCrm()).every(row => row.state === 'delivered'));
        const ofSlow = async () => (await rows()).filter(row => row.destination === 'slow');
        await waitFor(async () => (await ofSlow()).every(row => row.state === 'parked'));
        for (const row of await ofSlow()) {
          assert.deepEqual(
            row.attempts.map(attempt => [attempt.outcome, attempt.error]),
            [['park', 'timeout']],
          );
        }
      });
    });

    it('often opens its breaker: what is left is held, and no other destination notices', async () => {
      receiver.always(request => ({ status: request.url === '/broken' ? 503 : 200 }));
      const broken = to({
        name: 'broken',
        url: `${receiver.url}/broken`,
        concurrency: 1,
        breaker: { failures: 3, resetMs: 60_000, slowStartMs: 0 },
        retry: { scheduleMs: [60_000], jitter: 'none' },
      });
      await scene({ destinations: [broken, to({ concurrency: 1 })] }, async ({ store, delivery }) => {
        await store(Array.from({ length: 8 }, () => sampleEvent()));
        await waitFor(async () => {
          const ofCrm = (await rows()).filter(row => row.destination === 'crm');
          return ofCrm.every(row => row.state === 'delivered');
        });
        await waitFor(() => delivery.destinations.get('broken')!.breaker.view.status === 'OPEN');
        await store([sampleEvent()]); // nothing starts straight through either
        await waitFor(async () => (await rows()).filter(row => row.state === 'delivered').length === 9);
        assert.equal(receiver.requests.filter(request => request.url === '/broken').length, 3);
        const held = (await rows()).filter(row => row.destination === 'broken');
        assert.deepEqual(
          held.map(row => [row.state, row.tries]),
          [...Array(3).fill(['due', 1]), ...Array(6).fill(['due', 0])],
        );
      });
    });

    it('and is well again gets all that was held, after one probe', async () => {
      receiver.script(...Array(2).fill({ status: 503 }));
      const breaker = { failures: 2, resetMs: 200, slowStartMs: 0 };
      await scene({ destinations: [to({ concurrency: 1, breaker })] }, async ({ store, delivery }) => {
        await store(Array.from({ length: 6 }, () => sampleEvent()));
        await untilAll('delivered');
        assert.equal(delivery.destinations.get('crm')!.breaker.view.status, 'CLOSED');
        assert.equal(receiver.requests.length, 8);
      });
    });
  });

  it('delivers what found no slot while it was stored', async () => {
    receiver.always({ status: 200, delayMs: 5 });
    await scene({ destinations: [to({ concurrency: 2 })] }, async ({ store, delivery }) => {
      await store(Array.from({ length: 30 }, () => sampleEvent()));
      assert.ok(delivery.inFlight() <= 2);
      await untilAll('delivered');
      assert.equal(receiver.requests.length, 30);
      await waitFor(() => delivery.destinations.get('crm')!.slots.free === 2);
    });
  });

  it('keeps the order of each key with a receiver that fails at random, and holds up no other key', async () => {
    const random = seededRandom(4711);
    const done: string[] = [];
    const begun: string[] = [];
    receiver.always(request => {
      const name = request.body.toString();
      begun.push(name);
      const ok = random() > 0.4;
      if (ok) done.push(name);
      return { status: ok ? 200 : 500, delayMs: Math.floor(random() * 4) };
    });
    const keys = ['a', 'b', 'c', 'd', 'e'];
    const retry = { scheduleMs: Array<number>(40).fill(1), jitter: 'full' } as const;
    await scene({ destinations: [to({ ordering: 'key', concurrency: 10, retry })] }, async ({ store }) => {
      for (let batch = 0; batch < 4; batch++) {
        await store(
          Array.from({ length: 25 }, (_, n) => {
            const key = keys[n % keys.length]!;
            const place = batch * 5 + Math.floor(n / keys.length);
            return sampleEvent({ orderingKey: key, body: Buffer.from(`${key}${place}`) });
          }),
        );
      }
      await untilAll('delivered');
      for (const key of keys) {
        const inOrder = Array.from({ length: 20 }, (_, n) => `${key}${n}`);
        assert.deepEqual(
          done.filter(name => name.startsWith(key)),
          inOrder,
        );
        // no attempt of a later one before the earlier one was done
        const first = [...new Set(begun.filter(name => name.startsWith(key)))];
        assert.deepEqual(first, inOrder);
      }
      assert.ok(begun.length > done.length);
    });
  });

  it('holds a key behind a parked delivery where the destination says so, until its replay is delivered', async () => {
    receiver.script({ status: 500 });
    const blocking = { ordering: 'key', onPark: 'block', retry: { scheduleMs: [], jitter: 'none' } } as const;
    await scene({ destinations: [to(blocking)] }, async ({ store, delivery }) => {
      const chat = { orderingKey: 'chat' };
      await store([sampleEvent(chat), sampleEvent(chat), sampleEvent({ orderingKey: 'other' })]);
      await waitFor(async () => (await rows()).map(row => row.state).join() === 'parked,waiting,delivered');
      await store([sampleEvent(chat)]);
      assert.equal((await rows())[3]!.state, 'waiting');
      await replayDelivery(pool, (await rows())[0]!.id, 'anna');
      delivery.dispatcher.wake();
      await untilAll('delivered');
      const order = receiver.requests.map(request => Object.fromEntries(request.rawHeaders)['webhook-id']);
      const [head, second, , fourth] = (await rows()).map(row => row.id);
      assert.deepEqual(order.slice(2), [head, second, fourth]);
    });
  });

  it('parks what can’t be read any more at once, and goes on', async () => {
    await scene({ destinations: [to()] }, async ({ store, delivery }) => {
      await store([sampleEvent(), sampleEvent()]);
      await untilAll('delivered');
      const [first] = await rows();
      await pool.query("update events set key_id = 'lost' where id = $1", [first!.event_id]);
      for (const row of await rows()) await replayDelivery(pool, row.id, 'anna');
      delivery.dispatcher.wake();
      await waitFor(async () => (await rows()).every(row => row.state !== 'due' && row.state !== 'leased'));
      assert.deepEqual(
        (await rows()).map(row => [row.state, row.park_reason]),
        [
          ['parked', 'unreadable'],
          ['delivered', null],
        ],
      );
      assert.equal((await listParked(pool, { limit: 10 }))[0]!.cause, 'crm unreadable');
      assert.equal(delivery.destinations.get('crm')!.slots.free, 5);
    });
  });

  describe('ends', () => {
    it('by letting what is in flight finish', async () => {
      receiver.always({ status: 200, delayMs: 150 });
      await scene({ destinations: [to()] }, async ({ store, stop }) => {
        await store([sampleEvent(), sampleEvent()]);
        await stop();
        assert.deepEqual(
          (await rows()).map(row => row.state),
          ['delivered', 'delivered'],
        );
      });
    });

    it('by giving back what takes longer: due for the next processor, with no try used up', async () => {
      receiver.always({ hang: true });
      await scene({ destinations: [to({ concurrency: 2 })] }, async ({ store, stop, delivery }) => {
        await store([sampleEvent(), sampleEvent(), sampleEvent()]);
        await waitFor(() => receiver.requests.length === 2);
        await stop(20);
        assert.equal(delivery.inFlight(), 0);
        assert.deepEqual(
          (await rows()).map(row => [
            row.state,
            row.tries,
            row.attempts.map(attempt => attempt.error).join(),
          ]),
          [
            ['due', 0, 'aborted'],
            ['due', 0, 'aborted'],
            ['due', 0, ''],
          ],
        );
        assert.equal(delivery.dispatcher.tryReserve('crm', 0, 'default'), null);
      });
    });
  });

  it('sends again what a killed process had leased, once its lease has ended', async () => {
    await scene({ destinations: [to()] }, async ({ store, delivery }) => {
      const { pause } = delivery.destinations.get('crm')!;
      pause.learn(true, pause.mark());
      await store([sampleEvent()]);
      const killed = {
        destination: 'crm',
        limit: 1,
        maxBytes: 1_024,
        leaseMs: 1,
        leaseId: crypto.randomUUID(),
        from: [{ tenant: 'default', priority: 'normal', quota: 1 }],
      } as const;
      assert.equal((await claimDue(pool, killed)).length, 1);
      pause.learn(false, pause.mark());
      await waitFor(
        async () => (await sweepExpiredLeases(pool, { block: [], continue: ['crm'] })).interrupted === 1,
      );
      delivery.dispatcher.wake();
      await untilAll('delivered');
      const [row] = await rows();
      assert.deepEqual([row!.tries, row!.interruptions], [1, 1]);
      assert.deepEqual(
        row!.attempts.map(attempt => attempt.outcome),
        ['interrupted', 'delivered'],
      );
    });
  });
});
