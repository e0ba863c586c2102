import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { waitFor } from '@ackline/testkit/wait-for';
import { createMemoryServices } from '../../src/testing.ts';
import type { AttributeValue, HandlerServices } from '../../src/thread/protocol.ts';
import { jobEvent, moduleThat, startPool } from './pool-bench.ts';

const MIB = 1_048_576;
const never = new AbortController().signal;
/** For modules: a job that waits for a file ends when it is there. */
const UNTIL = `
import { existsSync } from 'node:fs';
const until = async (file: unknown) => {
  while (file !== undefined && !existsSync(String(file))) await delay(5);
};`;
const THREAD_ID = `
import { threadId } from 'node:worker_threads';`;

describe('the threads of a destination', { timeout: 240_000, concurrency: 4 }, () => {
  it('get an event as it is, its secrets and settings, and nothing of the environment', async () => {
    const cases = `
      case 'tell': {
        const tell = (name: string, value: unknown) => ctx.span.setAttribute(name, JSON.stringify(value));
        const { body, payload, receivedAt, ...rest } = event;
        const all = { ...rest, receivedAt: receivedAt.getTime(), body: Buffer.from(body).toString() };
        for (const [name, value] of Object.entries(all)) tell(name, value);
        tell('ctx', { secrets: ctx.secrets, settings: ctx.settings });
        tell('env', Object.keys(process.env).filter(name => name !== 'PWD' && name !== '_' && name !== 'SHLVL'));
        return;
      }`;
    const given = { secrets: { token: 's3cret' }, settings: { apiUrl: 'https://api.example' } };
    await using bench = startPool(moduleThat(cases), given);
    const told: Record<string, unknown> = {};
    const event = {
      ...jobEvent({ do: 'tell' }),
      headers: [
        ['X-A', '1'],
        ['x-a', '2'],
      ] as [string, string][],
    };
    const onAttribute = (name: string, value: AttributeValue) =>
      void (told[name] = JSON.parse(String(value)));
    const result = await bench.pool.run({ delivery: 'd', event, timeoutMs: 60_000, onAttribute }, never);
    assert.deepEqual(result, { kind: 'done' });
    const { ctx, env, ...rest } = told;
    assert.deepEqual(rest, { ...event, body: '{"do":"tell"}' });
    assert.deepEqual(ctx, given);
    assert.deepEqual(env, []);
    assert.equal(event.body.byteLength, 13); // the caller's bytes stay its own
  });

  it('take bodies of the largest size, byte for byte', async () => {
    const before = `import { createHash } from 'node:crypto';`;
    const source = moduleThat('', before).replace(
      'const order = event.payload as Order;',
      `const order: Order = { do: 'nothing' };
       ctx.span.setAttribute('hash', createHash('sha256').update(event.body).digest('hex'));`,
    );
    const decode = `{ provider: null, decode: () => null }`;
    await using bench = startPool(source.replace('source: any', `source: ${decode}`));
    const body = randomBytes(25 * MIB);
    let hash: AttributeValue = '';
    const event = { ...jobEvent({}), body };
    const result = await bench.pool.run(
      { delivery: 'd', event, timeoutMs: 60_000, onAttribute: (_, value) => (hash = value) },
      never,
    );
    assert.deepEqual(result, { kind: 'done' });
    assert.equal(hash, createHash('sha256').update(body).digest('hex'));
  });

  it('share many jobs evenly, several at a time in each', async () => {
    const cases = `
      case 'meet': {
        ctx.span.setAttribute('thread', threadId);
        await until(order.file);
        return;
      }`;
    await using bench = startPool(moduleThat(cases, THREAD_ID + UNTIL), { threads: 3 });
    await bench.ready();
    const shares = new Map<AttributeValue, number>();
    const onAttribute = (_: string, thread: AttributeValue) =>
      void shares.set(thread, (shares.get(thread) ?? 0) + 1);
    const file = `${bench.module}.go`;
    const jobs = Array.from({ length: 90 }, () => bench.run({ do: 'meet', file }, { onAttribute }));
    // None ends before all have begun: what ends makes room in its thread for the next one.
    await waitFor(() => [...shares.values()].reduce((sum, share) => sum + share, 0) === 90);
    assert.deepEqual([...shares.values()], [30, 30, 30]);
    writeFileSync(file, '');
    assert.ok((await Promise.all(jobs)).every(({ kind }) => kind === 'done'));
  });

  it('get each job where the fewest are, whoever had more before', async () => {
    const cases = `
      case 'tell': {
        ctx.span.setAttribute('thread', threadId);
        await until(order.file);
        return;
      }`;
    await using bench = startPool(moduleThat(cases, THREAD_ID + UNTIL), { threads: 3 });
    await bench.ready();
    const threads: AttributeValue[] = [];
    const onAttribute = (_: string, thread: AttributeValue) => void threads.push(thread);
    const file = `${bench.module}.go`;
    const held = [1, 2].map(() => bench.run({ do: 'tell', file }, { onAttribute }));
    await waitFor(() => threads.length === 2);
    for (let n = 0; n < 10; n++) await bench.run({ do: 'tell' }, { onAttribute });
    writeFileSync(file, '');
    await Promise.all(held);
    const [first, second, third] = threads;
    assert.equal(new Set([first, second, third]).size, 3);
    assert.deepEqual(threads.slice(2), Array(10).fill(third));
  });

  it('hand over to a changed module: jobs that run end by the old one, later ones are of the new one', async () => {
    const version = (n: number) =>
      moduleThat(
        `
      case 'version': {
        await until(order.file);
        ctx.span.setAttribute('version', ${n});
        return;
      }`,
        UNTIL,
      );
    await using bench = startPool(version(1));
    await bench.ready();
    const seen: AttributeValue[] = [];
    const file = `${bench.module}.go`;
    const run = (order: object) =>
      bench.run({ do: 'version', ...order }, { onAttribute: (_, value) => void seen.push(value) });
    const underWay = run({ file });
    bench.write(version(2));
    const state = await bench.pool.reload(bench.options);
    assert.equal(state.kind, 'ready');
    assert.deepEqual(await run({}), { kind: 'done' });
    writeFileSync(file, '');
    assert.deepEqual(await underWay, { kind: 'done' });
    assert.deepEqual(seen, [2, 1]);
    await waitFor(() => bench.pool.figures().threads === 1); // those before have ended
  });

  it('stay as they are while a changed module can not be used, and say why', async () => {
    await using bench = startPool(moduleThat(''));
    await bench.ready();
    bench.write('export const x: number = ;');
    const state = await bench.pool.reload(bench.options);
    assert.ok(state.kind === 'ready' && state.refused !== null, JSON.stringify(state));
    assert.equal(state.refused.code, 'ACKLINE_HANDLER_NOT_LOADED');
    assert.match(state.refused.detail, /bot\.ts can not be loaded: SyntaxError/);
    assert.deepEqual(await bench.run({ do: 'nothing' }), { kind: 'done' });
    assert.equal(bench.lines.filter(({ event }) => event === 'handler.not-loaded').length, 1);
    bench.write(moduleThat(''));
    const mended = await bench.pool.reload(bench.options);
    assert.ok(mended.kind === 'ready' && mended.refused === null);
  });

  const handler = (name: string) =>
    `export const ${name} = defineHandler({ name: '${name}', source: any, handle() {} });`;
  const imports = `import { defineHandler } from '@ackline/handlers/define-handler';
import { any } from '@ackline/handlers/any';\n`;
  for (const [what, source, wanted, detail] of [
    ['has an error of syntax', 'const = 1;', null, /bot\.ts can not be loaded: SyntaxError at bot\.ts:1: /],
    [
      'imports what is not there',
      `import './gone.ts';`,
      null,
      /can not be loaded: Error: Cannot find module .*gone\.ts/,
    ],
    [
      'throws',
      `throw new TypeError('no API');`,
      null,
      /can not be loaded: TypeError at bot\.ts:1:\d+: no API/,
    ],
    ['exits', 'process.exit(4);', null, /it ended while it was loaded \(exit code 4\)/],
    [
      'takes all memory',
      'const all = []; for (;;) all.push({ n: 1 });',
      null,
      /it takes more than its memory/,
    ],
    ['exports no handler', 'export const x = 1;', null, /bot\.ts exports nothing that defineHandler made/],
    [
      'exports two',
      imports + handler('one') + handler('two'),
      null,
      /exports several handlers \(one, two\): set "handler"/,
    ],
    ['has no such handler', imports + handler('one'), 'two', /has no handler "two"; it has one/],
    [
      'names a handler badly',
      imports + handler('One'),
      null,
      /TypeError at bot\.ts:3:\d+: the name of a handler/,
    ],
  ] as const) {
    it(`hold their jobs while the module ${what}, and begin when it is mended`, async () => {
      await using bench = startPool(source, { handler: wanted });
      await waitFor(() => bench.pool.state().kind === 'failed');
      const state = bench.pool.state();
      assert.ok(state.kind === 'failed');
      assert.match(state.failure.detail, detail);
      assert.deepEqual(await bench.run({}), { kind: 'not-ready', failure: state.failure });
      assert.equal(bench.lines.filter(({ event }) => event === 'handler.not-loaded').length, 1);
      bench.write(imports + handler(wanted ?? 'bot'));
      await bench.ready(); // nobody told it
      assert.deepEqual(await bench.run({}), { kind: 'done' });
    });
  }

  it('begin, once it is mended, as they were asked for last', async () => {
    await using bench = startPool(imports + handler('bot'), { handler: 'gone' });
    await waitFor(() => bench.pool.state().kind === 'failed');
    bench.write('const = 1;');
    assert.equal((await bench.pool.reload({ ...bench.options, handler: 'two' })).kind, 'failed');
    bench.write(imports + handler('gone') + handler('two'));
    await bench.ready(); // nobody told it
    assert.deepEqual(bench.pool.state(), { kind: 'ready', handler: 'two', provider: null, refused: null });
  });

  it('say so where a thread ends and the module can not be loaded any more, and begin when it is mended', async () => {
    await using bench = startPool(moduleThat(`case 'exit': process.exit(1);`));
    await bench.ready();
    bench.write('export const x: number = ;');
    assert.equal((await bench.run({ do: 'exit' })).kind, 'thread-ended');
    await waitFor(() => bench.pool.state().kind === 'failed');
    bench.write(moduleThat(''));
    await bench.ready();
    assert.deepEqual(await bench.run({ do: 'nothing' }), { kind: 'done' });
  });

  it('run one of several handlers of a module, where the destination names it', async () => {
    await using bench = startPool(imports + handler('one') + handler('two'), { handler: 'two' });
    await bench.ready();
    assert.deepEqual(bench.pool.state(), { kind: 'ready', handler: 'two', provider: null, refused: null });
  });

  it('park what their source can not read, or what is of another provider', async () => {
    const source = `import { defineHandler } from '@ackline/handlers/define-handler';
import { twilio } from '@ackline/handlers/twilio';
export const bot = defineHandler({ name: 'bot', source: twilio, handle() {} });`;
    await using bench = startPool(source);
    const run = (provider: string, body: string) => {
      const event = { ...jobEvent({}), provider, body: Buffer.from(body) };
      return bench.pool.run({ delivery: randomUUID(), event, timeoutMs: 60_000 }, never);
    };
    assert.deepEqual(await run('twilio', 'AccountSid=AC1&Body=hi'), { kind: 'done' });
    assert.deepEqual(await run('twilio', 'Body=%zz'), { kind: 'undecodable', detail: 'the body is no form' });
    assert.deepEqual(await run('telegram', '{}'), {
      kind: 'undecodable',
      detail: 'the handler bot is for events of twilio, this one is of telegram',
    });
  });

  it('do once what an event asks for, though the thread is ended meanwhile', async () => {
    const cases = `
      case 'once': {
        const sent = await ctx.once('reply:' + order.key, async () => {
          ctx.span.setAttribute('did', 1);
          if (order.how === 'die') process.exit(1);
          if (order.how === 'fail') throw new Error('no');
          if (order.how === 'maybe') throw Object.assign(new Error('no answer'), { maybeDone: true });
          return { id: 7 };
        }, order.again === true ? { uncertain: 'again' } : {});
        ctx.span.setAttribute('sent', JSON.stringify(sent ?? null));
        return;
      }`;
    await using bench = startPool(moduleThat(cases));
    const run = async (key: string, how: string, again = false) => {
      const told: Record<string, AttributeValue> = {};
      const onAttribute = (name: string, value: AttributeValue) => void (told[name] = value);
      const { kind } = await bench.run({ do: 'once', key, how, again }, { onAttribute });
      return [kind, told['did'] === 1, told['sent'] ?? null];
    };
    assert.deepEqual(await run('a', 'fine'), ['done', true, '{"id":7}']);
    assert.deepEqual(await run('a', 'fine'), ['done', false, '{"id":7}']);
    assert.deepEqual(await run('b', 'fail'), ['failed', true, null]);
    assert.deepEqual(await run('b', 'fine'), ['done', true, '{"id":7}']);
    assert.deepEqual(await run('c', 'maybe'), ['failed', true, null]);
    assert.deepEqual(await run('c', 'fine'), ['done', false, 'null']);
    assert.deepEqual(await run('d', 'die'), ['thread-ended', true, null]);
    assert.deepEqual(await run('d', 'fine'), ['done', false, 'null']);
    assert.deepEqual(await run('d', 'fine', true), ['done', true, '{"id":7}']);
  });

  it('do what waited for its turn when its time was over, the next time: nothing of it was sent', async () => {
    const outcomes: string[] = [];
    const memory = createMemoryServices();
    const services: HandlerServices = {
      ...memory,
      'limit.take': () => new Promise(() => undefined), // as one that lets a turn come
      'once.end': (request, caller) => {
        outcomes.push(request.outcome.kind);
        return memory['once.end'](request, caller);
      },
    };
    const cases = `
      case 'send': {
        const message = { type: 'text', text: 'hello' };
        await ctx.once('reply', () => ctx.clients.respondio.sendMessage('id:1', { message }));
        return;
      }`;
    const settings = { respondio: { apiUrl: 'http://127.0.0.1:9' } };
    await using bench = startPool(moduleThat(cases), {
      services,
      settings,
      secrets: { respondioToken: 't' },
    });
    await bench.ready();
    for (let tries = 1; tries <= 2; tries++) {
      assert.deepEqual(await bench.run({ do: 'send' }, { timeoutMs: 500 }), { kind: 'timeout' });
      assert.deepEqual(outcomes, Array(tries).fill('undone'));
    }
    assert.equal(bench.pool.figures().threads, 1);
  });

  it('load once what several want at a time, keep it, and keep that there is nothing', async () => {
    const cases = `
      case 'load': {
        const value = await ctx.cache.getOrLoad(String(order.key), async () => {
          ctx.span.setAttribute('loads', 1);
          await delay(50);
          if (order.fail) throw new Error('no');
          return order.value;
        });
        ctx.span.setAttribute('value', JSON.stringify(value ?? null));
        return;
      }
      case 'load twice': {
        const fail = async () => { throw new Error('no'); };
        await ctx.cache.getOrLoad('twice', fail).catch(() => undefined);
        ctx.span.setAttribute('value', await ctx.cache.getOrLoad('twice', async () => 2));
        return;
      }
      case 'forget': await ctx.cache.delete(String(order.key)); return;
      case 'set': await ctx.cache.set(String(order.key), order.value); return;
      case 'get': ctx.span.setAttribute('value', JSON.stringify((await ctx.cache.get(String(order.key))) ?? null)); return;`;
    await using bench = startPool(moduleThat(cases), { threads: 2 });
    await bench.ready();
    let loads = 0;
    const run = async (order: object) => {
      let value: AttributeValue | null = null;
      const onAttribute = (name: string, given: AttributeValue) => {
        if (name === 'loads') loads += 1;
        else value = given;
      };
      const { kind } = await bench.run(order, { onAttribute });
      return kind === 'done' ? value : kind;
    };
    const load = { do: 'load', key: 'categories', value: [1, 2] };
    const values = await Promise.all(Array.from({ length: 20 }, () => run(load)));
    assert.deepEqual([new Set(values), loads], [new Set(['[1,2]']), 1]);
    assert.deepEqual(await run({ do: 'get', key: 'categories' }), '[1,2]');
    assert.deepEqual(await run({ do: 'load', key: 'none', value: null }), 'null');
    assert.deepEqual(await run({ do: 'load', key: 'none', value: 5 }), 'null');
    loads = 0;
    assert.equal(await run({ do: 'load', key: 'bad', fail: true }), 'failed');
    assert.equal(await run({ do: 'load', key: 'bad', value: 1 }), '1');
    assert.equal(loads, 2);
    assert.equal(await run({ do: 'load twice' }), 2);
    await run({ do: 'forget', key: 'categories' });
    assert.equal(await run({ do: 'get', key: 'categories' }), 'null');
    await run({ do: 'set', key: 'large', value: 'x'.repeat(300_000) });
    assert.equal(await run({ do: 'get', key: 'large' }), 'null');
  });

  it('go on without a service that can not answer, and see nothing of its words', async () => {
    const away = () => Promise.reject(new Error('postgresql://user:password@host'));
    const names = [
      'once.begin',
      'once.end',
      'cache.get',
      'cache.set',
      'cache.delete',
      'cache.lease',
      'cache.release',
    ];
    const services = {
      ...createMemoryServices(),
      ...Object.fromEntries(names.map(name => [name, away])),
    } as HandlerServices;
    const cases = `
      case 'once': await ctx.once('a', () => 1); return;
      case 'cache': if ((await ctx.cache.getOrLoad('a', async () => 5)) !== 5) throw new Error(); return;`;
    await using bench = startPool(moduleThat(cases), { services });
    const refused = await bench.run({ do: 'once' });
    assert.ok(refused.kind === 'failed');
    assert.deepEqual([refused.code, refused.detail], ['SERVICE_AWAY', 'once.begin could not be answered']);
    assert.deepEqual(await bench.run({ do: 'cache' }), { kind: 'done' });
  });

  it('have a bound on what a job asks for at a time', async () => {
    const cases = `
      case 'flood': await Promise.all(Array.from({ length: Number(order.n) }, (_, n) => ctx.once('a' + n, () => 1))); return;`;
    await using bench = startPool(moduleThat(cases));
    assert.deepEqual(await bench.run({ do: 'flood', n: 64 }), { kind: 'done' });
    const flood = await bench.run({ do: 'flood', n: 65 });
    assert.ok(flood.kind === 'failed' && flood.code === 'TOO_MANY_CALLS', JSON.stringify(flood));
  });

  it('count what they do, over threads that are gone as well', async () => {
    const cases = `
      case 'measured': await ctx.monitored('load', () => delay(5)); return;
      case 'exit': process.exit(1);`;
    await using bench = startPool(moduleThat(cases));
    for (let n = 0; n < 3; n++) await bench.run({ do: 'measured' });
    await waitFor(() => bench.pool.figures().monitored[0]?.count === 3);
    await bench.run({ do: 'exit' });
    await bench.run({ do: 'measured' });
    await waitFor(() => bench.pool.figures().monitored[0]?.count === 4);
    const { monitored, ended, threads } = bench.pool.figures();
    assert.deepEqual([monitored.length, monitored[0]?.failures, ended.exit, threads], [1, 0, 1, 1]);
    assert.ok((monitored[0]?.maxMs ?? 0) >= 4 && monitored[0]?.slowest.length === 4);
  });

  it('finish what they have when they are retired, and take no more', async () => {
    await using bench = startPool(moduleThat(`case 'end late': await until(order.file); return;`, UNTIL));
    await bench.ready();
    const file = `${bench.module}.go`;
    const underWay = bench.run({ do: 'end late', file });
    bench.pool.retire();
    assert.deepEqual(await bench.run({ do: 'nothing' }), { kind: 'aborted' });
    writeFileSync(file, '');
    assert.deepEqual(await underWay, { kind: 'done' });
    await waitFor(() => bench.pool.figures().threads === 0);
  });

  for (const order of ['loop', 'block', 'read'] as const) {
    it(`end with their host, whatever they do ("${order}"), and what they started too`, async () => {
      await using host = await startHost(order);
      host.kill('SIGKILL');
      for (const pid of host.pids) await waitFor(() => !isAlive(pid), { what: `the end of ${pid}` });
    });
  }

  it('end their jobs themselves where their host stands still: another has the deliveries soon', async () => {
    await using host = await startHost('heed');
    host.kill('SIGSTOP');
    await waitFor(() => existsSync(join(host.folder, 'aborted')), { timeoutMs: 30_000 });
  });

  it('go on where their process is told to end with the processor, which drains', async () => {
    const cases = `
      case 'meet': {
        ctx.span.setAttribute('pid', process.pid);
        await until(order.file);
        return;
      }`;
    await using bench = startPool(moduleThat(cases, UNTIL));
    const file = `${bench.module}.go`;
    const onAttribute = (_: string, pid: AttributeValue) => {
      for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.kill(Number(pid), signal);
      writeFileSync(file, '');
    };
    assert.deepEqual(await bench.run({ do: 'meet', file }, { onAttribute }), { kind: 'done' });
  });

  it('are those that were asked for last, though their process is gone before they are loaded', async () => {
    const before = `import { existsSync } from 'node:fs';
while (existsSync(import.meta.filename + '.slow')) await delay(20);`;
    const cases = `
      case 'kill': process.kill(process.pid, 'SIGKILL'); await new Promise(() => undefined); return;
      case 'tell': ctx.span.setAttribute('word', String(ctx.settings.word)); return;`;
    await using bench = startPool(moduleThat(cases, before), { settings: { word: 'one' } });
    await bench.ready();
    writeFileSync(`${bench.module}.slow`, '');
    const reloaded = bench.pool.reload({ ...bench.options, settings: { word: 'two' } });
    assert.equal((await bench.run({ do: 'kill' })).kind, 'thread-ended');
    // Longer than the wait before one that is gone is started again.
    assert.deepEqual(await bench.run({ do: 'nothing' }, { timeoutMs: 1_500 }), { kind: 'busy' });
    rmSync(`${bench.module}.slow`);
    assert.equal((await reloaded).kind, 'ready');
    await bench.ready();
    let word: AttributeValue = '';
    await bench.run({ do: 'tell' }, { onAttribute: (_, value) => void (word = value) });
    assert.equal(word, 'two');
  });

  it('leave a job that is tried apart at its time, though the process apart has not started', async () => {
    const before = `import { existsSync, writeFileSync } from 'node:fs';
while (existsSync(import.meta.filename + '.slow')) await delay(20);`;
    const cases = `
      case 'loop': for (;;);
      case 'note': writeFileSync(import.meta.filename + '.noted', ''); return;`;
    await using bench = startPool(moduleThat(cases, before));
    await bench.ready();
    const delivery = randomUUID();
    assert.deepEqual(await bench.run({ do: 'loop' }, { delivery, timeoutMs: 100 }), { kind: 'timeout' });
    writeFileSync(`${bench.module}.slow`, '');
    assert.deepEqual(await bench.run({ do: 'note' }, { delivery, timeoutMs: 300 }), { kind: 'busy' });
    rmSync(`${bench.module}.slow`);
    await bench.ready();
    assert.deepEqual(await bench.run({ do: 'nothing' }, { delivery }), { kind: 'done' });
    assert.equal(existsSync(`${bench.module}.noted`), false);
  });
});

interface Host extends AsyncDisposable {
  readonly folder: string;
  /** Of the process of its threads, and of what they started. */
  readonly pids: readonly number[];
  kill(signal: NodeJS.Signals): void;
}

async function startHost(order: string): Promise<Host> {
  const file = fileURLToPath(new URL('./host.ts', import.meta.url));
  const host = spawn(process.execPath, [file, order], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(host.stdout, 'data', { signal: AbortSignal.timeout(30_000) })) as [Buffer];
  const { pids, folder } = JSON.parse(line.toString()) as { pids: number[]; folder: string };
  return {
    folder,
    pids,
    kill: signal => void host.kill(signal),
    async [Symbol.asyncDispose]() {
      host.kill('SIGKILL');
      for (const pid of pids) await waitFor(() => !isAlive(pid), { what: `the end of ${pid}` });
      rmSync(folder, { recursive: true });
    },
  };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
