import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { namesBefore } from './migrating/names-before.ts';
import { type Known, pageProblems } from './migrating/page-problems.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string) => readFileSync(`${root}/${path}`, 'utf8');
const namesOf = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map(([, name = '']) => name);

const page = read('MIGRATING.md');
/** Named by `{ env: … }` of ackline.yaml, or an option of the doctor. */
const SECRETS = ['WEBHOOK_SECRET_TOKEN', 'TWILIO_AUTH_TOKEN', 'TELEGRAM_BOT_TOKEN'];
const doctorOptions = read('packages/cli/src/doctor/report-options.ts');

const known: Known = {
  variables: new Set([...namesOf(read('docs/environment.md'), /^\| `([A-Z_]+)` \|/gm), ...SECRETS]),
  metrics: new Set(namesOf(read('docs/metrics.md'), /^\| `([a-z_]+)` \|/gm)),
  alerts: new Set(namesOf(read('docs/runbook.md'), /^### (Ackline\w+)$/gm)),
  logs: read('docs/logs.md'),
  commands: new Map(
    globSync('packages/cli/src/commands/*.ts', { cwd: root }).flatMap(path => {
      const source = read(path);
      const [word = ''] = basename(path, '.ts').split('-');
      const own =
        word === 'doctor'
          ? source + doctorOptions + read('packages/cli/src/commands/doctor-telegram.ts')
          : source;
      return source.includes(`.command('${word}')`) ? [[word, own] as const] : [];
    }),
  ),
  scripts: new Set(Object.keys((JSON.parse(read('package.json')) as { scripts: object }).scripts)),
};

describe('MIGRATING.md', () => {
  it('has a row for whatever the systems before name, and names nothing that is not here', () => {
    assert.deepEqual(pageProblems(page, known), []);
  });

  it('has the five systems of docs/seeds.md, each with commands to move and to go back, and stays readable', () => {
    const seeds = read('docs/seeds.md');
    assert.equal(Object.keys(namesBefore).length, 5);
    assert.equal(page.match(/^```sh$/gm)?.length, 1 + 5 * 2);
    assert.equal(page.match(/\*\*Roll back:\*\*/g)?.length, 5);
    for (const heading of Object.keys(namesBefore))
      assert.ok(seeds.includes(`${heading[0]?.toLowerCase()}${heading.slice(1)}`), heading);
    assert.ok(page.split('\n').length <= 450);
  });

  it('has no command that waits without end for what somebody may never send', () => {
    const loops = page.match(/^(?:until|while) .*/gm) ?? [];
    const isOfAProgram = (loop: string) => loop.includes(' http://127.0.0.1:'); // that it has begun, or has no task any more
    assert.deepEqual(
      loops.filter(loop => !isOfAProgram(loop)),
      [],
    );
    assert.equal(page.match(/^for i in \$\(seq 60\); do .* && break; sleep 1; done/gm)?.length, 4);
  });
});

describe('the check of MIGRATING.md', () => {
  for (const [what, from, to, said] of [
    ['a name without a row', '| `TEST_MODE` |', '| – |', /TEST_MODE has no row/],
    ['a variable that nobody reads', '`DATABASE_POOL_MAX`', '`DATABASE_POOL`', /no variable DATABASE_POOL$/],
    [
      'a metric that is not shown',
      '`ackline_breaker_open`',
      '`ackline_breakers`',
      /no metric ackline_breakers$/,
    ],
    ['an alert that is not raised', 'AcklineAckSlow', 'AcklineAckLate', /no alert AcklineAckLate$/],
    ['a script that is not there', 'npm run test:unit', 'npm run test:unity', /no script test:unity$/],
    ['a command that is not there', 'npx ackline park', 'npx ackline parks', /no command parks/],
    [
      'an option that is not there',
      '--max-connections',
      '--connections-max',
      /no command doctor telegram .*--connections-max/,
    ],
    [
      'a line that nobody logs',
      '| `Memory usage: 95MB` |',
      '| `Memory used: 95MB` |',
      /no line Memory used:/,
    ],
  ] as const) {
    it(`finds ${what}`, () => {
      assert.ok(page.includes(from), from);
      const problems = pageProblems(page.replaceAll(from, to), known);
      assert.ok(
        problems.some(problem => said.test(problem)),
        problems.join('\n'),
      );
    });
  }
});
