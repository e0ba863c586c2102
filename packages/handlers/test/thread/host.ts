// A host that never ends by itself, with a handler that never does: it tells the ids of the processes that are to end with it.
import { dirname } from 'node:path';
import { moduleThat, startPool } from './pool-bench.ts';

const CASES = `
  case 'loop': tell([process.pid]); await delay(50); for (;;);
  case 'block': {
    const child = spawn('sleep', ['600']);
    tell([process.pid, child.pid]);
    await delay(50);
    execSync('exec sleep 600');
    return;
  }
  case 'read': {
    execSync('mkfifo ' + import.meta.dirname + '/pipe');
    tell([process.pid]);
    await delay(50);
    readFileSync(import.meta.dirname + '/pipe');
    return;
  }
  case 'heed': {
    ctx.signal.addEventListener('abort', () => writeFileSync(import.meta.dirname + '/aborted', ''));
    tell([process.pid]);
    await new Promise(() => undefined);
    return;
  }`;
const BEFORE = `
import { execSync, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';`;

const TELL = "const tell = (pids: unknown) => ctx.span.setAttribute('pids', JSON.stringify(pids));";
const source = moduleThat(CASES, BEFORE).replace('const order =', `${TELL}\n    const order =`);
const bench = startPool(source);
const onAttribute = (_: string, pids: unknown) =>
  void process.stdout.write(
    JSON.stringify({ pids: JSON.parse(String(pids)) as unknown, folder: dirname(bench.module) }),
  );
await bench.ready();
await bench.run(
  { do: process.argv[2] },
  { timeoutMs: process.argv[2] === 'heed' ? 2_000 : 600_000, onAttribute },
);
