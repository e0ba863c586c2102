import { type CliOptions, runCli } from '../src/cli.ts';
import { loadConfig } from '../src/config.ts';

export interface RanCliOptions
  extends Partial<Omit<CliOptions, 'terminal' | 'workingDirectory' | 'loadConfig'>> {
  /** Where it is called. Default: one that is not there, for what needs no file. */
  readonly folder?: string;
  /** All of it: nothing of the test's own is taken over. */
  readonly environment?: Readonly<Record<string, string>>;
}

export interface RanCli {
  readonly exitCode: number;
  /** What standard output had, and each piece that was written to it. */
  readonly out: string;
  readonly lines: string[];
  /** Standard error. */
  readonly err: string;
  /** Both in the order of writing, as a terminal shows them. */
  readonly text: string;
}

/** `ackline <args>` in this process, until it ends. */
export async function ranCli(
  args: readonly string[],
  { folder = '/nowhere', environment = {}, ...more }: RanCliOptions = {},
): Promise<RanCli> {
  const lines: string[] = [];
  const notes: string[] = [];
  const all: string[] = [];
  const into = (list: string[]) => (text: string) => {
    list.push(text);
    all.push(text);
  };
  const exitCode = await runCli(args, {
    terminal: { line: into(lines), note: into(notes), progress: () => undefined },
    workingDirectory: folder,
    loadConfig: () => loadConfig({ ...environment }, folder),
    ...more,
  });
  return { exitCode, out: lines.join('\n'), lines, err: notes.join('\n'), text: all.join('\n') };
}
