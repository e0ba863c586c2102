import assert from 'node:assert/strict';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { readProcessorStates } from '@ackline/store/processors';
import { scrape } from '@ackline/testkit/scrape';
import { waitFor } from '@ackline/testkit/wait-for';
import { appendToInbox, sampleEvent } from '../events.ts';
import { type HandlerStage, openHandlerStage, type RunningProcessor } from './handler-stage.ts';

const SLOW = { timeoutMs: 30_000 };
const CLEAN = { code: 0, signal: null };

const numbered = (count: number, overrides: { orderingKey?: string } = {}) =>
  Array.from({ length: count }, (_, n) => sampleEvent({ ...overrides, body: Buffer.from(`{"n":${n}}`) }));

describe('a processor with handlers', () => {
  let stage: HandlerStage;
  before(async () => {
    stage = await openHandlerStage();
  });
  beforeEach(async () => {
    await stage.pool.query(
      'truncate inbox, event_keys, events, unrouted_events, deliveries, finished_deliveries, processors, destination_states, handler_once',
    );
    stage.forgetNotes();
  });
  after(async () => {
    await stage[Symbol.asyncDispose]();
  });

  /** Runs a processor over `play`, and sees it end as it should. */
  async function run(
    play: (service: RunningProcessor) => Promise<void>,
    env?: Readonly<Record<string, string>>,
  ): Promise<void> {
    await using service = await stage.start(env);
    await play(service);
    assert.deepEqual(await service.stop(), CLEAN, service.output());
  }
  const one = (body: string) =>
    stage.writeModule(
      `export const bot = defineHandler({ name: 'bot', source: any, async handle(event, ctx) {\n${body}\n} });\n`,
    );
  const append = (...events: ReturnType<typeof sampleEvent>[]) => appendToInbox(stage.pool, events);

  it('gives it each event with all that it has, its secrets and settings, and what it returns is a delivery', async () => {
    await one(
      `const { body, headers, receivedAt, ...rest } = event;
       note(ctx, JSON.stringify({ ...rest, body: Buffer.from(body).toString('latin1'), headers, receivedAt: receivedAt.toISOString(),
                                  token: ctx.secrets.botToken, api: ctx.settings.api }));`,
    );
    await stage.writeConfig([
      'module: ./bot.ts, secrets: { botToken: { env: BOT_TOKEN } }, settings: { notes: NOTES, api: { url: here } }',
    ]);
    const event = sampleEvent({
      orderingKey: 'chat',
      occurredAt: 1_795_372_799_000,
      body: Buffer.from('{"n":"\u00e9"}'),
    });
    await append(event);
    await run(
      async () => {
        const [row] = await stage.untilAll('delivered', 1);
        assert.deepEqual(
          row?.attempts.map(({ outcome, error }) => [outcome, error]),
          [['delivered', null]],
        );
      },
      { BOT_TOKEN: 'the-token' },
    );
    const seen = JSON.parse(stage.notes()[0] ?? '{}') as Record<string, unknown>;
    assert.equal(seen['body'], '{"n":"\u00c3\u00a9"}'); // the very bytes
    assert.deepEqual(
      [seen['id'], seen['source'], seen['type'], seen['orderingKey'], seen['attempt'], seen['isReplay']],
      [event.id, 'telegram', 'message', 'chat', 1, false],
    );
    assert.deepEqual(seen['payload'], { n: '\u00e9' });
    assert.deepEqual(seen['headers'], event.headers);
    assert.equal(seen['receivedAt'], new Date(event.receivedAt).toISOString());
    assert.deepEqual([seen['token'], seen['api']], ['the-token', { url: 'here' }]);
  });

  it('tries it again by the schedule where it throws, later where it says so, and parks what it gives up', async () => {
    await one(
      `const { n } = event.payload;
       note(ctx, n + ' at attempt ' + event.attempt);
       if (n === 0 && event.attempt < 3) throw new TypeError('SECRET-OF-THE-EVENT');
       if (n === 1 && event.attempt < 2) throw retryLater({ afterMs: 50 });
       if (n === 2) throw giveUp('nobody knows this customer');
       if (n === 3) throw new RangeError('SECRET-OF-THE-EVENT');`,
    );
    await stage.writeConfig(['module: ./bot.ts']);
    await append(...numbered(4));
    await run(async service => {
      await waitFor(
        async () => (await stage.rows()).filter(row => row.state === 'delivered').length === 2,
        SLOW,
      );
      await waitFor(
        async () => (await stage.rows()).filter(row => row.state === 'parked').length === 2,
        SLOW,
      );
      const [thrown, later, given, always] = await stage.rows();
      const errors = (row: typeof thrown) => row?.attempts.map(({ error }) => error);
      assert.deepEqual(errors(thrown), ['handler-error', 'handler-error', null]);
      assert.match(thrown?.attempts[0]?.excerpt ?? '', /^TypeError at bot\.ts:\d+:\d+$/);
      assert.deepEqual(errors(later), ['handler-later', null]);
      assert.deepEqual([given?.park_reason, errors(given)], ['refused', ['handler-refused']]);
      assert.equal(given?.attempts[0]?.excerpt, 'nobody knows this customer');
      assert.deepEqual([always?.park_reason, always?.attempts.length], ['exhausted', 4]);
      assert.doesNotMatch(JSON.stringify(await stage.rows()) + service.output(), /SECRET-OF-THE-EVENT/);
    });
  });

  it('parks at once what its source can’t have sent', async () => {
    await stage.writeModule(`import { telegram } from '@ackline/handlers/telegram';
      export const bot = defineHandler({ name: 'bot', source: telegram, async handle(event, ctx) { note(ctx, 'called'); } });`);
    await stage.writeConfig(['module: ./bot.ts']);
    await append(sampleEvent({ body: Buffer.from('no JSON') }));
    await run(async () => {
      const [row] = await stage.untilAll('parked', 1);
      assert.deepEqual(
        [row?.park_reason, row?.attempts.at(-1)?.error],
        ['undecodable', 'handler-undecodable'],
      );
    });
    assert.deepEqual(stage.notes(), []);
  });

  it('keeps the order of a key, also through failures, with several threads', async () => {
    await one(
      `if (event.payload.n % 7 === 3 && event.attempt === 1) throw new Error();
       await new Promise(resolve => setTimeout(resolve, Math.random() * 5));
       note(ctx, event.orderingKey + event.payload.n);`,
    );
    await stage.writeConfig(['module: ./bot.ts, ordering: key, threads: 3, concurrency: 10']);
    await append(...numbered(30, { orderingKey: 'a' }), ...numbered(30, { orderingKey: 'b' }));
    await run(async () => void (await stage.untilAll('delivered', 60)));
    for (const key of ['a', 'b']) {
      assert.deepEqual(
        stage.notes().filter(text => text.startsWith(key)),
        Array.from({ length: 30 }, (_, n) => `${key}${n}`),
      );
    }
  });

  it('ends a call that turns for ever at its time-out with its thread, and no other call is lost', async () => {
    await one(
      `if (event.payload.n === 0) { note(ctx, 'turning'); while (true) {} }
       await untilNoted(ctx, 'turning');
       note(ctx, 'done');`,
    );
    await stage.writeConfig(['module: ./bot.ts, timeout: 500ms, concurrency: 4']);
    await append(...numbered(4));
    await run(async service => {
      await waitFor(
        async () => (await stage.rows()).filter(row => row.state === 'delivered').length === 3,
        SLOW,
      );
      await waitFor(
        async () => (await stage.rows()).filter(row => row.state === 'parked').length === 1,
        SLOW,
      );
      const rows = await stage.rows();
      const guilty = rows.find(row => row.state === 'parked');
      assert.deepEqual(
        [
          guilty?.park_reason,
          guilty?.attempts.map(({ error }) => error).filter(error => error !== 'handler-busy'),
        ],
        ['exhausted', Array(4).fill('timeout')],
      );
      // What was in the same thread used up none of its tries.
      for (const row of rows) if (row !== guilty) assert.equal(row.tries, 1, JSON.stringify(row.attempts));
      const figures = await scrape(service.operations);
      const ends = figures.value('ackline_handler_thread_ends_total', {
        destination: 'd0',
        reason: 'timeout',
      });
      assert.ok((ends ?? 0) >= 4, String(ends));
      assert.equal(figures.value('ackline_handler_ready', { destination: 'd0' }), 1);
    });
    const [done, turned] = ['done', 'turning'].map(
      text => stage.notes().filter(note => note === text).length,
    );
    assert.equal(done, 3);
    // One that waited longer than it turned is tried once more.
    assert.ok(turned !== undefined && turned >= 4, String(turned));
  });

  it('ends a thread that takes too much memory, finds the call that did it, and delivers the others', async () => {
    await one(
      `if (event.payload.n === 0) { note(ctx, 'taking'); const kept = []; for (;;) kept.push(new Array(10_000).fill(event.id)); }
       await untilNoted(ctx, 'taking');
       note(ctx, 'done');`,
    );
    await stage.writeConfig(['module: ./bot.ts, memory: 32MiB, concurrency: 4']);
    await append(...numbered(4));
    await run(async service => {
      await waitFor(
        async () => (await stage.rows()).filter(row => row.state === 'delivered').length === 3,
        SLOW,
      );
      await waitFor(
        async () => (await stage.rows()).filter(row => row.state === 'parked').length === 1,
        SLOW,
      );
      const guilty = (await stage.rows()).find(row => row.state === 'parked');
      assert.equal(guilty?.park_reason, 'exhausted');
      assert.equal(guilty?.attempts.at(-1)?.error, 'handler-ended');
      assert.ok(service.output().length > 0);
    });
    assert.deepEqual(
      stage.notes().filter(note => note !== 'taking'),
      ['done', 'done', 'done'],
    );
  });

  it('opens the breaker of one that fails, and no other destination waits for it', async () => {
    await stage.writeModule(
      `export const bad = defineHandler({ name: 'bad', source: any, async handle() { throw new Error(); } });
       export const good = defineHandler({ name: 'good', source: any, async handle(event, ctx) { note(ctx, event.payload.n); } });`,
    );
    await stage.writeConfig([
      'module: ./bot.ts, handler: bad, breaker: { failures: 3, reset: 1h }, concurrency: 1',
      'module: ./bot.ts, handler: good',
    ]);
    await append(...numbered(20));
    await run(async service => {
      await waitFor(
        async () => (await scrape(service.operations)).value('ackline_breaker_open', { breaker: 'd0' }) === 1,
        SLOW,
      );
      await stage.untilNoted(20);
      const failing = async () => (await stage.rows()).filter(row => row.destination === 'd0');
      const attempts = async () => (await failing()).reduce((sum, row) => sum + row.attempts.length, 0);
      await waitFor(async () => (await attempts()) === 3, SLOW); // what has ended is written a moment later
      assert.ok((await failing()).every(row => row.state === 'due'));
    });
  });

  it('closes the breaker of one that was mended, as soon as it is loaded', async () => {
    await one('throw new Error();');
    await stage.writeConfig(['module: ./bot.ts, breaker: { failures: 2, reset: 1h }']);
    await append(sampleEvent());
    await run(async service => {
      const isOpen = async () =>
        (await scrape(service.operations)).value('ackline_breaker_open', { breaker: 'd0' }) === 1;
      await waitFor(isOpen, SLOW);
      await one("note(ctx, 'mended');");
      service.kill('SIGHUP');
      await stage.untilAll('delivered', 1);
    });
    assert.deepEqual(stage.notes(), ['mended']);
  });

  it('killed between a claim and its result never does it twice: the next one skips it, says so, and goes on', async () => {
    const text = (hangs: boolean) =>
      `const result = await ctx.once('reply', async () => {
         note(ctx, 'sent');
         ${hangs ? 'await new Promise(() => {});' : ''}
         return { id: 7 };
       });
       note(ctx, result === undefined ? 'not known' : 'known ' + result.id);`;
    await one(text(true));
    await stage.writeConfig(['module: ./bot.ts, timeout: 30s']);
    await append(sampleEvent());
    {
      await using killed = await stage.start();
      await stage.untilNoted(1);
      assert.deepEqual(await killed.stop('SIGKILL'), { code: null, signal: 'SIGKILL' });
    }
    await stage.pool.query("update deliveries set lease_until = now() where state = 'leased'"); // instead of 40 s
    await one(text(false));
    await run(async service => {
      const [row] = await stage.untilAll('delivered', 1);
      assert.equal(row?.interruptions, 1);
      await waitFor(() => service.output().includes('"once.uncertain"'), SLOW);
      const figures = await scrape(service.operations);
      assert.equal(
        figures.value('ackline_handler_once_total', { destination: 'd0', result: 'uncertain' }),
        1,
      );
      assert.equal(figures.value('ackline_handler_once_total', { destination: 'd0', result: 'claimed' }), 0);
    });
    assert.deepEqual(stage.notes(), ['sent', 'not known']);
  });

  it('killed after the result was kept gives the next try that result', async () => {
    await one(
      `const { id } = await ctx.once('reply', async () => { note(ctx, 'sent'); return { id: 7 }; });
       note(ctx, 'known ' + id);
       if (event.attempt === 1 && !event.isReplay && !(await ctx.once('again', async () => true, { uncertain: 'again' }))) return;
       if (ctx.settings.hangs) await new Promise(() => {});`,
    );
    await stage.writeConfig(['module: ./bot.ts, timeout: 30s, settings: { notes: NOTES, hangs: true }']);
    await append(sampleEvent());
    {
      await using killed = await stage.start();
      await stage.untilNoted(2);
      await killed.stop('SIGKILL');
    }
    await stage.pool.query("update deliveries set lease_until = now() where state = 'leased'");
    await stage.writeConfig(['module: ./bot.ts, timeout: 30s']);
    await run(async () => void (await stage.untilAll('delivered', 1)));
    assert.deepEqual(stage.notes(), ['sent', 'known 7', 'known 7']);
  });

  it('starts where its module is broken, holds its deliveries and says why; a changed one is taken on SIGHUP', async () => {
    await stage.writeModule('export const bot = defineHandler({ name: ');
    await stage.writeConfig(['module: ./bot.ts']);
    await append(sampleEvent());
    await run(async service => {
      await waitFor(
        async () =>
          (await scrape(service.operations)).value('ackline_handler_outdated', { destination: 'd0' }) === 1,
        SLOW,
      );
      await waitFor(async () => (await stage.rows()).length === 1, SLOW);
      assert.equal((await stage.rows())[0]?.state, 'due');
      const figures = await scrape(service.operations);
      assert.equal(figures.value('ackline_handler_ready', { destination: 'd0' }), 0);
      await waitFor(() => service.output().includes('"handler.not-loaded"'), SLOW);
      await waitFor(async () => {
        const [state] = await readProcessorStates(stage.pool);
        const { d0 } = (state?.state['handlers'] ?? {}) as Record<
          string,
          { state: string; problem: { detail: string } | null }
        >;
        return d0?.state === 'failed' && (d0.problem?.detail ?? '').includes('bot.ts');
      }, SLOW);
      await one("note(ctx, 'repaired');");
      service.kill('SIGHUP');
      await stage.untilAll('delivered', 1);
      assert.deepEqual((await stage.rows())[0]?.attempts.length, 1); // a hold is no attempt
    });
    assert.deepEqual(stage.notes(), ['repaired']);
  });

  it('goes on with the module before where a newer one is broken, and with the newer one once it is not', async () => {
    await one("note(ctx, 'first');");
    await stage.writeConfig(['module: ./bot.ts']);
    await run(async service => {
      await append(sampleEvent());
      await stage.untilNoted(1);
      await stage.writeModule('throw new Error("no menu");');
      service.kill('SIGHUP');
      await waitFor(() => service.output().includes('"handler.not-loaded"'), SLOW);
      await append(sampleEvent());
      await stage.untilNoted(2);
      const figures = await scrape(service.operations);
      assert.deepEqual(
        [
          figures.value('ackline_handler_ready', { destination: 'd0' }),
          figures.value('ackline_handler_outdated', { destination: 'd0' }),
        ],
        [1, 1],
      );
      await one("note(ctx, 'second');");
      service.kill('SIGHUP');
      await waitFor(
        async () =>
          (await scrape(service.operations)).value('ackline_handler_outdated', { destination: 'd0' }) === 0,
        SLOW,
      );
      await append(sampleEvent());
      await stage.untilAll('delivered', 3);
      assert.doesNotMatch(service.output(), /SECRET-OF-THE-EVENT/);
    });
    assert.deepEqual(stage.notes(), ['first', 'first', 'second']);
  });

  it('takes a changed setting with ackline.yaml, and ends the calls of the threads before by what they began with', async () => {
    await one(
      `const { word } = ctx.settings;
       note(ctx, 'begun ' + word);
       await untilNoted(ctx, 'replaced');
       note(ctx, 'ended ' + word);`,
    );
    await stage.writeConfig(['module: ./bot.ts, settings: { notes: NOTES, word: one }']);
    await run(async service => {
      await append(sampleEvent());
      await stage.untilNoted(1);
      await stage.writeConfig(['module: ./bot.ts, settings: { notes: NOTES, word: two }']);
      await waitFor(() => service.output().includes('"config.reloaded"'), SLOW);
      await waitFor(() => service.output().includes('"handler.replaced"'), SLOW);
      stage.note('replaced');
      await stage.untilAll('delivered', 1);
      await append(sampleEvent());
      await stage.untilAll('delivered', 2);
    });
    assert.deepEqual(stage.notes(), ['begun one', 'replaced', 'ended one', 'begun two', 'ended two']);
  });

  it('takes a secret that is rotated in its file, with no word from anybody', async () => {
    const file = join(stage.folder, 'token');
    await writeFile(file, 'old');
    await one('note(ctx, ctx.secrets.botToken);');
    await stage.writeConfig([`module: ./bot.ts, secrets: { botToken: { file: ${file} } }`]);
    await run(async service => {
      await append(sampleEvent());
      await stage.untilNoted(1);
      await writeFile(`${file}.next`, 'new');
      await rename(`${file}.next`, file);
      await waitFor(() => service.output().includes('"handler.replaced"'), SLOW);
      await append(sampleEvent());
      await stage.untilAll('delivered', 2);
    });
    assert.deepEqual(stage.notes(), ['old', 'new']);
  });

  it('takes a changed source by itself in development', async () => {
    await one("note(ctx, 'first');");
    await stage.writeConfig(['module: ./bot.ts']);
    await run(
      async service => {
        await append(sampleEvent());
        await stage.untilNoted(1);
        await one("note(ctx, 'second');");
        await waitFor(() => service.output().includes('"handler.replaced"'), SLOW);
        await append(sampleEvent());
        await stage.untilNoted(2);
      },
      { ACKLINE_ENV: 'development' },
    );
    assert.deepEqual(stage.notes(), ['first', 'second']);
  });

  it('lets its threads have connections to PostgreSQL where it says so, and by a sentence not otherwise', async () => {
    const text = `const { rows } = await ctx.pg.query('select current_setting($1) as name', ['application_name']);
                  note(ctx, rows[0].name + ' ' + process.env.PGSSLMODE);`;
    await one(text);
    await stage.writeConfig(['module: ./bot.ts, connections: 2', 'module: ./bot.ts']);
    await append(sampleEvent());
    await run(
      async () => {
        await waitFor(async () => {
          const states = (await stage.rows()).map(row => row.state);
          return states.toSorted().join() === 'delivered,parked';
        }, SLOW);
        const refused = (await stage.rows()).find(row => row.destination === 'd1');
        assert.match(refused?.attempts.at(-1)?.excerpt ?? '', /connections/);
      },
      { PGSSLMODE: 'disable' },
    );
    assert.deepEqual(stage.notes(), ['ackline handler d0 disable']); // as the processor connects
  });
});
