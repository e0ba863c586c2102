import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { bareEnvironment } from './bare-environment.ts';
import { waitFor } from './wait-for.ts';

export interface TerminalOptions {
  /** Added to a bare environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Default: 80. */
  readonly columns?: number;
}

/** A program on a real terminal, which a test sees and types on. */
export interface PseudoTerminal extends AsyncDisposable {
  /** All that it has shown, with its escape sequences. */
  shown(): string;
  /** As if typed; Ctrl-C is `\u0003`. */
  press(keys: string): void;
  resize(columns: number): void;
  /** The exit status, and the modes that it left the terminal in, as `stty` names them. */
  readonly exited: Promise<{ readonly code: number | null; readonly modes: ReadonlySet<string> }>;
}

const MARK = 'modes behind it:';

/** Why this machine has none; false: it has. For `skip` of a test. */
export function whyNoTerminal(): string | false {
  const { stdout } = spawnSync('script', ['--version'], { encoding: 'utf8' });
  if (process.platform === 'linux' && /util-linux/.test(stdout ?? '')) return false;
  return 'there is no `script` of util-linux (Debian: bsdutils), which brings a pseudo-terminal';
}

/** Resolves once its terminal is there. */
export async function startOnTerminal(
  program: readonly string[],
  { env = {}, cwd, columns = 80 }: TerminalOptions = {},
): Promise<PseudoTerminal> {
  // The shell outlives Ctrl-C, to say in what modes the terminal was left.
  const line = `tty; stty cols ${columns} rows 24; trap : INT; ${program.map(quoted).join(' ')}; code=$?; echo '${MARK}'; stty -a; exit $code`;
  const child = spawn('script', ['--quiet', '--return', '--flush', '--command', line, '/dev/null'], {
    cwd,
    env: { ...bareEnvironment(), TERM: 'xterm', ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const ended = new Promise<number | null>(resolve => child.once('close', resolve));
  const device = await waitFor(() => /^(\/dev\/\S+)\r\n/.exec(output)?.[1]);
  const shown = () => output.slice(output.indexOf('\n') + 1).split(`${MARK}\r\n`)[0] ?? '';
  return {
    shown,
    press: keys => child.stdin.write(keys),
    resize: width => void execFileSync('stty', ['-F', device, 'cols', String(width)]),
    exited: ended.then(code => ({ code, modes: new Set(output.split(MARK)[1]?.split(/[\s;]+/)) })),
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL'); // the terminal is gone with it, and SIGHUP ends what runs there
      await ended;
    },
  };
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
