import { runCli } from './cli.ts';
import { loadConfig } from './config.ts';
import { askOn } from './output/confirm.ts';
import { createKeys } from './output/keys.ts';
import { stopOn } from './output/stop.ts';
import { createTerminal } from './output/terminal.ts';
import { createScreen } from './top/screen.ts';

// The reader may have gone (`ackline events | head`): what can't be written is not an error.
process.stdout.on('error', () => undefined);
process.stderr.on('error', () => undefined);

const isInteractive = process.stdin.isTTY && process.stderr.isTTY;

process.exitCode = await runCli(process.argv.slice(2), {
  terminal: createTerminal({ out: process.stdout, err: process.stderr, now: () => performance.now() }),
  workingDirectory: process.cwd(),
  input: process.stdin,
  ...(isInteractive
    ? { confirm: askOn({ input: process.stdin, output: process.stderr, signals: process }) }
    : {}),
  isTerminal: process.stdout.isTTY,
  stop: () => stopOn({ signals: process, output: process.stdout, now: () => performance.now() }),
  ...(process.stdin.isTTY && process.stdout.isTTY ? { keys: createKeys(process.stdin) } : {}),
  ...(process.stdout.isTTY
    ? { screen: createScreen({ input: process.stdin, output: process.stdout, signals: process }) }
    : {}),
  loadConfig: () => loadConfig(),
});
