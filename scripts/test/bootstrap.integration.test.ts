import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const scripts = fileURLToPath(new URL('..', import.meta.url));

/** Tells what it gets, and ends with code 7 at the second SIGTERM or SIGINT. */
const program = `
let count = 0;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    console.log(signal);
    if (signal !== 'SIGHUP' && ++count === 2) process.exit(7);
  });
}
console.log('pid ' + process.pid);
console.log('args ' + process.argv.slice(2).join(' '));
setInterval(() => undefined, 1_000);
`;

describe('the bootstrap', () => {
  let root: string;
  let child: ChildProcess | undefined;
  let output = '';

  function put(path: string, content: string): void {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }

  function run(...args: string[]): ChildProcess {
    output = '';
    // An npm that can't exist: these tests are about what needs none.
    const env = { PATH: join(root, 'no-npm'), npm_execpath: undefined };
    child = spawn(process.execPath, [join(root, 'scripts', 'bootstrap.mjs'), ...args], { env });
    child.stdout?.on('data', chunk => (output += chunk));
    child.stderr?.on('data', chunk => (output += chunk));
    return child;
  }

  async function said(text: string): Promise<void> {
    while (!output.includes(text)) {
      assert.equal(child?.exitCode, null, output);
      assert.ok(child?.stdout);
      await once(child.stdout, 'data');
    }
  }

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'ackline-bootstrap-'));
    for (const path of ['bootstrap.mjs', 'page']) {
      cpSync(join(scripts, path), join(root, 'scripts', path), { recursive: true });
    }
    put('.node-version', process.versions.node);
    put('packages/cli/src/main.ts', program);
    const packages = {
      'node_modules/a': { version: '1.0.0' },
      'node_modules/tool': { version: '2.0.0', dev: true },
    };
    put('package-lock.json', JSON.stringify({ packages }));
    put(
      'node_modules/.package-lock.json',
      JSON.stringify({ packages: { 'node_modules/a': { version: '1.0.0' } } }),
    );
    const pinned = join(root, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin');
    mkdirSync(pinned, { recursive: true });
    symlinkSync(process.execPath, join(pinned, 'node'));
  });
  afterEach(() => {
    child?.kill('SIGKILL');
    const handedOver = /pid (\d+)/.exec(output)?.[1];
    if (handedOver !== undefined && child?.exitCode === null) process.kill(Number(handedOver), 'SIGKILL');
    rmSync(root, { recursive: true });
  });

  it('starts at once when nothing is missing, development tools aside', async () => {
    run('start', '--port', '1');
    await said('args up --port 1');
    assert.doesNotMatch(output, /Installing/);
  });

  it('passes a signal on once although npm repeats it, and the exit code back', async () => {
    const started = run('start');
    await said('args up');
    started.kill('SIGINT');
    await said('SIGINT');
    started.kill('SIGINT'); // what npm adds to a terminal's Ctrl-C
    started.kill('SIGHUP');
    await said('SIGHUP');
    assert.equal(output.match(/SIGINT/g)?.length, 1);
    started.kill('SIGTERM');
    const [code] = await once(started, 'close');
    assert.equal(code, 7);
  });

  for (const [reason, installed] of [
    ['nothing is installed yet', null],
    ['a is missing', {}],
    ['a is another version', { 'node_modules/a': { version: '0.9.0' } }],
  ] as const) {
    it(`installs when ${reason}, and says so when it can't`, async () => {
      const record = join(root, 'node_modules', '.package-lock.json');
      if (installed === null) rmSync(record);
      else writeFileSync(record, JSON.stringify({ packages: installed }));
      const [code] = await once(run('start'), 'close');
      assert.equal(code, 1);
      assert.ok(output.includes(`Installing production dependencies (${reason})`), output);
      assert.match(output, /npm could not install/);
    });
  }

  it('asks for the development tools only where they are needed', async () => {
    await once(run('test'), 'close');
    assert.match(output, /Installing all dependencies \(tool is missing\)/);
  });

  it('is what each tier of the tests begins with, so that a fresh clone can run one alone', () => {
    const { scripts: commands } = JSON.parse(readFileSync(join(scripts, '..', 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    const tiers = Object.entries(commands).filter(([name]) => name.startsWith('test:'));
    assert.deepEqual(
      tiers,
      ['unit', 'integration', 'browser', 'container', 'k8s'].map(tier => [
        `test:${tier}`,
        `node scripts/bootstrap.mjs test ${tier}`,
      ]),
    );
  });

  for (const words of [[], ['nope']]) {
    it(`lists the proofs for "${words.join(' ')}", as proof.ts does, and installs nothing for it`, async () => {
      const [code] = await once(run('proof', ...words), 'close');
      assert.equal(code, 2);
      const proof = spawnSync(process.execPath, [join(scripts, 'proof.ts')], { encoding: 'utf8' });
      assert.match(proof.stderr, /^usage: npm run proof -- <processor-killed \| /);
      assert.equal(output, proof.stderr);
    });
  }

  it('names its commands when it gets another', async () => {
    const [code] = await once(run('deploy'), 'close');
    assert.equal(code, 1);
    assert.match(output, /start\|test\|verify/);
  });

  describe("with the console's page", () => {
    const web = 'packages/console-web';
    /** Counts how often it was run. */
    const vite = `
      const { mkdirSync, appendFileSync, writeFileSync, readFileSync } = require('node:fs');
      const folder = process.argv[process.argv.indexOf('--outDir') + 1];
      appendFileSync(__dirname + '/runs', 'x');
      if (readFileSync('src/main.tsx', 'utf8').includes('broken')) { console.error('no such thing'); process.exit(1); }
      mkdirSync(folder);
      writeFileSync(folder + '/index.html', readFileSync('src/main.tsx'));`;
    const read = (path: string) => readFileSync(join(root, path), 'utf8');

    beforeEach(() => {
      put('node_modules/vite/bin/vite.js', vite);
      put(`${web}/src/main.tsx`, 'one');
    });

    async function start(): Promise<void> {
      run('start');
      await said('args up');
      child?.kill('SIGTERM');
      child?.kill('SIGKILL');
      process.kill(Number(/pid (\d+)/.exec(output)?.[1]), 'SIGKILL');
    }

    it('builds it before it starts, and again only where what it is made of has changed', async () => {
      await start();
      await start();
      assert.equal(read(`${web}/dist/index.html`), 'one');
      assert.equal(read('node_modules/vite/bin/runs'), 'x');
      put(`${web}/src/main.tsx`, 'two');
      put(`${web}/src/parts/new.ts`, 'more');
      await start();
      assert.equal(read(`${web}/dist/index.html`), 'two');
      assert.equal(read('node_modules/vite/bin/runs'), 'xx');
    });

    it('starts without it where it can not be built, keeps the one of before, and says why', async () => {
      await start();
      put(`${web}/src/main.tsx`, 'broken');
      await start();
      assert.match(output, /page could not be built: vite: no such thing/);
      assert.equal(read(`${web}/dist/index.html`), 'one');
      rmSync(join(root, 'node_modules', 'vite'), { recursive: true });
      await start();
      assert.match(output, /page could not be built: Vite is not installed/);
    });
  });
});
