import assert from 'node:assert/strict';
import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type DoctorFolder, openDoctorFolder, parseReport } from './run-doctor.ts';

const BOT = `import { readFileSync } from 'node:fs';
import { Pool } from 'pg';
import { reply } from './reply.ts';
const seen = new Set<string>();
export async function onMessage(ctx: { id: string }) {
  seen.add(ctx.id);
  const pool = new Pool();
  reply(readFileSync('text.txt', 'utf8'));
  await pool.end();
}
`;

describe('ackline doctor source', () => {
  let folder: DoctorFolder;
  before(async () => {
    folder = await openDoctorFolder();
    await mkdir(join(folder.path, 'handlers'));
    await folder.write('handlers/bot.ts', BOT);
    await folder.write('handlers/reply.ts', 'export async function reply(text: string) {}\n');
    await folder.write('fine.mjs', 'export async function onMessage(ctx) { await ctx.reply("hello"); }\n');
    await folder.write('broken.ts', 'export const x = {\n');
    await symlink('.', join(folder.path, 'handlers/loop'));
  });
  after(() => folder[Symbol.asyncDispose]());

  it('finds the four faults of a handler with their places, and fails for CI', async () => {
    const ran = await folder.run({}, 'source', 'handlers/bot.ts', '--json');
    const report = parseReport(ran);
    assert.deepEqual([ran.exitCode, report.ok, report.counts], [2, false, { high: 2, medium: 2, low: 0 }]);
    assert.deepEqual(
      report.findings.map(({ id, file, line }) => `${id} ${file?.split('/').slice(-2).join('/')}:${line}`),
      [
        'source-client-per-call handlers/bot.ts:7',
        'source-missing-await handlers/bot.ts:8',
        'source-unbounded-cache handlers/bot.ts:4',
        'source-blocking-io handlers/bot.ts:8',
      ],
    );
  });

  it('prints each with why it hurts and what to do', async () => {
    const { out } = await folder.run({}, 'source', 'handlers');
    assert.match(
      out,
      /^2 files: 2 high, 2 medium\.\n\nHIGH {4}source-client-per-call\n {2}\S+handlers\/bot\.ts:7:16: pg\.Pool is made anew/,
    );
    assert.match(out, /\n\nHIGH {4}source-missing-await\n.*nobody waits for reply\(\)/);
    assert.match(out, /\n {2}Fix: Make it once at the top of the file, or use ctx\.http/);
  });

  it('is content with a good handler, with an accepted fault, and below --fail-on', async () => {
    const { exitCode, text } = await folder.run({}, 'source', 'fine.mjs');
    assert.deepEqual([exitCode, text], [0, '1 file: nothing found.']);
    await folder.write(
      'accepted.ts',
      `import { readFileSync } from 'node:fs';\nexport const onText = () => readFileSync('a'); // ackline-accept source-blocking-io: read once a day\n`,
    );
    assert.equal(
      (await folder.run({}, 'source', 'accepted.ts')).out,
      '1 file: nothing found.\n\n1 finding accepted, not shown.',
    );
    const ignored = await folder.run(
      {},
      'source',
      'handlers',
      '--ignore',
      'source-client-per-call',
      '--ignore',
      'source-missing-await',
    );
    assert.equal(ignored.exitCode, 0);
  });

  it('a broken file, and a path that is not there, are findings', async () => {
    const ran = await folder.run({}, 'source', 'broken.ts', 'nowhere.ts', 'fine.mjs', '--json');
    const { findings } = parseReport(ran);
    assert.deepEqual(
      [ran.exitCode, findings.map(({ id, line, what }) => [id, line, what])],
      [
        2,
        [
          ['source-syntax', 2, 'Unexpected token'],
          ['source-left-out', null, 'it is not there'],
        ],
      ],
    );
  });

  it('says what to name where the file names no handlers', async () => {
    await folder.write(
      'ackline.yaml',
      'sources: [{ name: tg, provider: telegram, path: /tg, secrets: [{ env: TG }] }]\n',
    );
    const { exitCode, err } = await folder.run({}, 'source');
    assert.equal(exitCode, 1);
    assert.match(err, /error \[ACKLINE_USAGE\] \S*ackline\.yaml names no handlers: name files or folders/);
  });
});
