import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { after, describe, it } from 'node:test';
import { waitFor } from '@ackline/testkit/wait-for';
import type { TransformResult } from '../../src/transforming/transform-job.ts';
import { createTransformer } from '../../src/transforming/transformer.ts';
import { sampleEvent } from '../events.ts';

const quiet = { debug() {}, info() {}, warn() {}, error() {} } as never;

/** Longer than any start, shorter than what an endless one would take. */
const ENDLESS_MS = 300;
const never = new AbortController().signal;

const BAD: Readonly<Record<string, string>> = {
  'calls itself without end': '($f := function($n){ 1 + $f($n + 1) }; $f(0))',
  'loops without end': '($f := function($n){ $f($n + 1) }; $f(0))',
  'searches with a pattern that goes back': `$match("${'a'.repeat(40)}!", /(a+)+$/)`,
};
const HUNGRY: Readonly<Record<string, string>> = {
  'pads to half a gigabyte': '$length($pad("x", 500000000))',
  'pads to a gigabyte of two-byte characters': '$length($pad("€", 500000000))',
  'doubles a list without end': '($f := function($a){ $f($append($a, $a)) }; $f([1..1000]))',
};

describe('the transformer', { timeout: 120_000 }, () => {
  const transformer = createTransformer({ log: quiet });
  after(() => transformer.close());

  function run(
    route: string,
    jsonata: string,
    {
      body = '{"n":1}',
      timeoutMs = 5_000,
      signal = never,
      delivery = randomUUID() as string,
      tenant = 'default',
    } = {},
  ): Promise<TransformResult> {
    const event = sampleEvent({ body: Buffer.from(body), tenant });
    return transformer.transform({ delivery, route, transform: { jsonata, timeoutMs }, event }, signal);
  }
  /** Tries one delivery as often as it is to be tried again. */
  async function runUntilKnown(route: string, jsonata: string): Promise<TransformResult> {
    const delivery = randomUUID();
    let result = await run(route, jsonata, { delivery });
    for (let n = 0; n < 3 && result.kind === 'killed'; n++) result = await run(route, jsonata, { delivery });
    return result;
  }
  async function made(route: string, jsonata: string, body?: string): Promise<string> {
    const result = await run(route, jsonata, body === undefined ? {} : { body });
    assert.equal(result.kind, 'done', JSON.stringify(result));
    return Buffer.from(result.kind === 'done' ? result.body : []).toString();
  }

  it('makes bodies of JSON, of forms and of headers, and long ids keep their digits as text too', async () => {
    assert.equal(
      await made('a', '{"x": body.n, "t": headers.`content-type`}'),
      '{"x":1,"t":"application/json"}',
    );
    const ids = '{"id": body.id, "text": $string(body.id), "key": "k-" & body.id}';
    assert.equal(
      await made('a', ids, '{"id":12345678901234567890}'),
      '{"id":12345678901234567890,"text":"12345678901234567890","key":"k-12345678901234567890"}',
    );
    const event = sampleEvent({
      headers: [['Content-Type', 'application/x-www-form-urlencoded']],
      body: Buffer.from('Body=hi&To=1&To=2'),
    });
    const result = await transformer.transform(
      { delivery: 'f', route: 'f', transform: { jsonata: 'body', timeoutMs: 5_000 }, event },
      never,
    );
    assert.ok(result.kind === 'done');
    assert.equal(Buffer.from(result.body).toString(), '{"Body":"hi","To":["1","2"]}');
  });

  it('tells an error with its place, an empty result, and a body that is too large', async () => {
    assert.deepEqual(await run('a', '"a" + body.n'), {
      kind: 'failed',
      reason: 'error',
      detail: 'T2001 at line 1, column 5, near "+"',
    });
    assert.deepEqual(await run('a', 'body.nothing'), { kind: 'failed', reason: 'empty', detail: null });
    const large = { kind: 'failed', reason: 'too-large', detail: null } as const;
    assert.deepEqual(await run('a', 'body', { body: `"${'a'.repeat(1_048_576)}"` }), large);
    assert.deepEqual(await run('a', '$pad("", 1048577, "a")'), large);
  });

  for (const [what, jsonata] of Object.entries(BAD)) {
    it(`ends an expression that ${what} at its time, and no other job`, async () => {
      const bad = run('bad', jsonata, { timeoutMs: ENDLESS_MS });
      const others = Array.from({ length: 20 }, (_, n) => made(`good-${n % 3}`, `body.n + ${n}`));
      assert.deepEqual(await bad, { kind: 'failed', reason: 'timeout', detail: null });
      assert.deepEqual(
        await Promise.all(others),
        Array.from({ length: 20 }, (_, n) => String(n + 1)),
      );
    });
  }

  for (const [what, jsonata] of Object.entries(HUNGRY)) {
    it(`ends an expression that ${what} by its memory, before it has half a gigabyte, and no other job`, async () => {
      let peakMb = 0;
      const timer = setInterval(() => (peakMb = Math.max(peakMb, ...childrenOf(process.pid).map(peakOf))), 2);
      const bad = runUntilKnown('hungry', jsonata);
      const others = Array.from({ length: 20 }, (_, n) => made(`good-${n % 3}`, `body.n + ${n}`));
      assert.deepEqual(await bad, { kind: 'failed', reason: 'memory', detail: null });
      assert.deepEqual(
        await Promise.all(others),
        Array.from({ length: 20 }, (_, n) => String(n + 1)),
      );
      clearInterval(timer);
      assert.ok(process.platform !== 'linux' || (peakMb > 20 && peakMb < 500), `${peakMb} MB`);
    });
  }

  it('does what other routes ask before those that are bad again and again', async () => {
    const endless = BAD['loops without end'] ?? '';
    const ended: string[] = [];
    const bad = Array.from({ length: 8 }, (_, n) =>
      run(`worst-${n % 2}`, endless, { timeoutMs: ENDLESS_MS }).then(() => ended.push('bad')),
    );
    const good = Array.from({ length: 50 }, () => made('fine', 'body.n').then(() => ended.push('good')));
    await Promise.all([...bad, ...good]);
    const after = ended.slice(ended.lastIndexOf('good') + 1);
    assert.ok(after.length >= 3, ended.join(' ')); // each of the two held up the others once
  });

  it('takes routes in turn (X5)', async () => {
    // Both were bad and so share the process apart (X6): what ends first had its turn first. Of two processes none keeps time.
    const jsonata = `body.bad ? ${BAD['loops without end']} : body.n`;
    const wasBad = (route: string) => run(route, jsonata, { body: '{"bad":true}', timeoutMs: ENDLESS_MS });
    await Promise.all([wasBad('many'), wasBad('one')]);
    const ended: string[] = [];
    const start = (route: string) => made(route, jsonata).then(() => ended.push(route));
    await Promise.all([...Array.from({ length: 10 }, () => start('many')), start('one')]);
    assert.ok(ended.indexOf('one') < 3, ended.join(' '));
  });

  it('takes tenants of one route in turn (X5)', async () => {
    const ended: string[] = [];
    const start = (tenant: string) => run('shared', 'body.n', { tenant }).then(() => ended.push(tenant));
    const many = Array.from({ length: 30 }, () => start('many'));
    await Promise.all([...many, start('one')]);
    assert.ok(ended.indexOf('one') < 3, ended.join(' '));
  });

  it('leaves a process to other routes where several tenants of one are bad at once (X5)', async () => {
    const endless = BAD['loops without end'] ?? '';
    await Promise.all(['fine', 'well'].map(route => made(route, 'body.n'))); // both of them are there
    const ended: string[] = [];
    const bad = ['one', 'two', 'three'].map(tenant =>
      run('crowd', endless, { tenant, timeoutMs: 2_000 }).then(() => ended.push('bad')),
    );
    const fine = made('fine', 'body.n').then(() => ended.push('fine'));
    await Promise.all([...bad, fine]);
    assert.deepEqual(ended, ['fine', 'bad', 'bad', 'bad']);
  });

  it("does what a route's other tenants ask while one sends it bad events again and again (X6)", async () => {
    const jsonata = `body.bad ? ${BAD['loops without end']} : body.n`;
    const ended: string[] = [];
    const start = (tenant: string, body: string, timeoutMs = 5_000) =>
      run('spoilt', jsonata, { tenant, body, timeoutMs }).then(({ kind }) => {
        ended.push(`${tenant} ${kind}`);
      });
    await start('good', '{"n":1}');
    const bad = Array.from({ length: 12 }, () => start('bad', '{"bad":true}', ENDLESS_MS));
    const good = Array.from({ length: 20 }, () => start('good', '{"n":1}'));
    const fresh = start('new', '{"n":1}');
    await Promise.all([...bad, ...good, fresh]);
    const after = (last: string) => ended.slice(ended.lastIndexOf(last) + 1);
    assert.ok(after('good done').length >= 4, ended.join(', ')); // it held them up once
    assert.ok(after('new done').length >= 3, ended.join(', ')); // and had one turn before it
    assert.equal(ended.filter(one => one === 'bad failed').length, 12);
  });

  it('lets go of a job whose attempt has no more time, and does the next one', async () => {
    const leave = new AbortController();
    const endless = BAD['loops without end'] ?? '';
    const running = run('left', endless, { timeoutMs: ENDLESS_MS, signal: leave.signal });
    const waiting = run('left', 'body.n', { signal: leave.signal });
    leave.abort();
    assert.deepEqual(await Promise.all([running, waiting]), [{ kind: 'busy' }, { kind: 'busy' }]);
    assert.deepEqual(await run('left', 'body.n', { signal: leave.signal }), { kind: 'busy' });
    assert.equal(await made('left', 'body.n'), '1');
  });

  it('tries a job again whose process was killed by others, and blames only what ended two that were its own', {
    skip: process.platform !== 'linux',
  }, async () => {
    const before = childrenOf(process.pid);
    const fresh = createTransformer({ log: quiet });
    const jsonata = `body.ends ? 1 : ${BAD['loops without end']}`;
    const start = (delivery: string, ends: boolean) => {
      const event = sampleEvent({ body: Buffer.from(JSON.stringify({ ends })) });
      const transform = { jsonata, timeoutMs: 10_000 };
      return fresh.transform({ delivery, route: 'unlucky', transform, event }, never);
    };
    const killNewest = () => {
      const [pid] = childrenOf(process.pid).filter(one => !before.includes(one) && isAtWork(one));
      if (pid !== undefined) process.kill(pid, 'SIGKILL');
      return Promise.resolve(pid !== undefined);
    };
    try {
      const endOf = async (delivery: string) => {
        const result = start(delivery, false);
        await waitFor(killNewest, { what: 'a process at work', timeoutMs: 20_000 });
        return result;
      };
      const again = { kind: 'killed' };
      assert.deepEqual([await endOf('a'), await endOf('b')], [again, again]);
      assert.equal((await start('c', true)).kind, 'done');
      const memory = { kind: 'failed', reason: 'memory', detail: null };
      assert.deepEqual([await endOf('c'), await endOf('a'), await endOf('b')], [again, memory, memory]);
      // The first that it ended had a job before it; the others were new, though one was there that had.
      for (const expected of [again, memory]) {
        assert.equal((await start('d', true)).kind, 'done');
        assert.deepEqual(await endOf('c'), expected);
      }
    } finally {
      fresh.close();
    }
  });
});

describe('a transformer whose processes do not start', { timeout: 60_000 }, () => {
  // A program that is not there ends the shell; one whose path the kernel refuses fails the fork itself, and is thrown.
  for (const nodePath of ['/nowhere/node', 'x'.repeat(200_000)]) {
    it(`holds jobs, counts, and says so in one line (a path of ${nodePath.length})`, async () => {
      const codes: (string | undefined)[] = [];
      let failures = 0;
      const failing = createTransformer({
        log: { error: (fields: { err?: { code?: string } }) => codes.push(fields.err?.code) } as never,
        onStartFailed: () => (failures += 1),
        nodePath,
      });
      const start = (route: string) =>
        failing.transform(
          { delivery: route, route, transform: { jsonata: '1', timeoutMs: 1_000 }, event: sampleEvent() },
          never,
        );
      assert.deepEqual(await Promise.all([start('a'), start('b')]), [{ kind: 'busy' }, { kind: 'busy' }]);
      assert.equal(failures, 2);
      assert.deepEqual(codes, ['ACKLINE_TRANSFORM_NOT_STARTED']);
      failing.close();
    });
  }
});

describe('a process of transforms', { timeout: 60_000, skip: process.platform !== 'linux' }, () => {
  const places = {
    'has nothing to do': { jsonata: '1', lifeSeconds: 60 },
    'is at work': { jsonata: BAD['searches with a pattern that goes back'], lifeSeconds: 2 },
  };
  for (const [state, { jsonata, lifeSeconds }] of Object.entries(places)) {
    it(`ends by itself when its processor is killed while it ${state}`, async () => {
      const program = `
        import { createTransformer } from '${new URL('../../src/transforming/transformer.ts', import.meta.url).href}';
        const transformer = createTransformer({ log: { error() {}, info() {} }, lifeSeconds: ${lifeSeconds} });
        const event = { source: 's', tenant: 't', type: 'm', provider: 'p', headers: [], body: Buffer.from('{}') };
        const run = (jsonata) =>
          transformer.transform({ delivery: 'd', route: 'r', transform: { jsonata, timeoutMs: 60_000 }, event }, new AbortController().signal);
        await run('1');
        void run(${JSON.stringify(jsonata)});
        process.stdout.write('ready');
        setInterval(() => undefined, 1_000);
      `;
      const parent = spawn(process.execPath, ['--input-type=module', '-e', program], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      await new Promise(resolve => parent.stdout.once('data', resolve));
      const children = childrenOf(parent.pid ?? 0);
      assert.ok(children.length > 0);
      parent.kill('SIGKILL');
      const ended = () => Promise.resolve(children.every(pid => !isAlive(pid)));
      await waitFor(ended, { what: 'the end of all processes', timeoutMs: 30_000 });
    });
  }
});

function childrenOf(pid: number): readonly number[] {
  if (process.platform !== 'linux') return [];
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return text === '' ? [] : text.split(' ').map(Number);
}

/** Of memory, in MB, until now; 0 where it has just ended. */
function peakOf(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** It has used more processor time than its start takes: 0.5 s, in hundredths. */
function isAtWork(pid: number): boolean {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const [userTicks = '0'] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11);
  return Number(userTicks) > 50;
}
