import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { openLogFile } from '../../src/up/log-file.ts';
import { createServiceOutput } from '../../src/up/service-output.ts';

let folder = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ackline-log-'));
});
after(() => rm(folder, { recursive: true, force: true }));

test('each start begins a new private log and keeps one before it', async () => {
  const path = join(folder, 'a.log');
  for (const line of ['first', 'second', 'third']) {
    const log = openLogFile(path);
    log.line(line);
    log.close();
  }
  assert.equal(await readFile(path, 'utf8'), 'third\n');
  assert.equal(await readFile(`${path}.1`, 'utf8'), 'second\n');
  assert.equal((await stat(path)).mode & 0o777, 0o600);
});

test('a log that grows without end stays within twice its size', async () => {
  const path = join(folder, 'b.log');
  const log = openLogFile(path, 100);
  for (let n = 0; n < 1_000; n += 1) log.line(`line ${n}`);
  log.close();
  assert.ok((await stat(path)).size + (await stat(`${path}.1`)).size <= 200);
  assert.match(await readFile(path, 'utf8'), /line 999\n$/);
  assert.deepEqual((await readdir(folder)).filter(name => name.startsWith('b.')).toSorted(), [
    'b.log',
    'b.log.1',
  ]);
});

function output(logPath: string | null) {
  const said: string[] = [];
  const passed: string[] = [];
  const made = createServiceOutput({
    service: 'ingress',
    logPath,
    say: text => said.push(text),
    pass: line => passed.push(line),
  });
  return { said, passed, made };
}

const WARNING = '{"level":"warn","msg":"x.failed"}';
const FATAL =
  '{"level":"fatal","msg":"ingress.failed","code":"ACKLINE_CONFIG_INVALID","err":{"message":"PORT: bad"}}';

test('in development all lines go to the file, and warnings to the terminal', async () => {
  const path = join(folder, 'c.log');
  const { said, passed, made } = output(path);
  for (const line of ['{"level":"info","msg":"quiet"}', WARNING, FATAL, 'Warning: of node']) made.line(line);
  made.close();
  assert.deepEqual(said, ['ingress warn: x.failed']);
  assert.deepEqual(passed, []);
  assert.equal((await readFile(path, 'utf8')).split('\n').length, 5);
});

test('in production every line goes out as it is', () => {
  const { said, passed, made } = output(null);
  made.line(WARNING);
  made.close();
  assert.deepEqual([passed, said], [[WARNING], []]);
});

test('the last words of a service tell why it ended, and are forgotten at the next start', () => {
  const { made } = output(null);
  made.line(FATAL);
  made.line('    at somewhere');
  assert.equal(made.lastWords().fatal?.code, 'ACKLINE_CONFIG_INVALID');
  assert.deepEqual(made.lastWords().lines, ['    at somewhere']);
  made.begin();
  assert.deepEqual(made.lastWords(), { fatal: null, lines: [] });
});
