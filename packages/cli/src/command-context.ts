import type { CliConfig } from './config.ts';
import type { Terminal } from './output/terminal.ts';
import type { Keys } from './output/keys.ts';
import type { Screen } from './top/screen.ts';

/** What a command gets from the process. */
export interface CommandContext {
  readonly terminal: Terminal;
  readonly workingDirectory: string;
  /** Standard input. */
  readonly input: AsyncIterable<Uint8Array>;
  /** Asks a person who can say yes or no; null: there is none. */
  readonly confirm: ((question: string) => Promise<boolean>) | null;
  /** For what is drawn anew; null: there is no terminal. */
  readonly screen: Screen | null;
  /** Single keys that a person presses; null: there is no terminal. */
  readonly keys: Keys | null;
  /** Standard output is a terminal, so a line may have colours. */
  readonly isTerminal: boolean;
  /** Aborted when a command that goes on by itself is to end: Ctrl-C, a signal, or nobody reads its output any more. */
  readonly stop: () => AbortSignal;
  /** Read when a command runs, not before: `--help` works with a broken environment too. */
  config(): CliConfig;
  /** The exit status, where it is not 0 and nothing was thrown. */
  setExitCode(code: number): void;
}
