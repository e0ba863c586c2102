import { Readable } from 'node:stream';
import { Command, CommanderError } from 'commander';
import type { CommandContext } from './command-context.ts';
import { registerAudit } from './commands/audit.ts';
import { registerBackup } from './commands/backup.ts';
import { registerBench } from './commands/bench.ts';
import { registerCache } from './commands/cache.ts';
import { registerCheck } from './commands/check.ts';
import { registerDestinations } from './commands/destinations.ts';
import { registerDoctor } from './commands/doctor.ts';
import { registerEvents } from './commands/events.ts';
import { registerListen } from './commands/listen.ts';
import { registerMigrate } from './commands/migrate.ts';
import { registerPark } from './commands/park.ts';
import { registerDiscard } from './commands/discard.ts';
import { registerPerf } from './commands/perf.ts';
import { registerPlan } from './commands/plan.ts';
import { registerRejected } from './commands/rejected.ts';
import { registerReplay } from './commands/replay.ts';
import { registerRestore } from './commands/restore.ts';
import { registerSend } from './commands/send.ts';
import { registerSessions } from './commands/sessions.ts';
import { registerSources } from './commands/sources.ts';
import { registerSpool } from './commands/spool.ts';
import { registerTokens } from './commands/tokens.ts';
import { registerTop } from './commands/top.ts';
import { registerTail } from './commands/tail.ts';
import { registerUp } from './commands/up.ts';
import type { CliConfig } from './config.ts';
import { formatError } from './output/error-line.ts';
import { asTyped, programName } from './output/program-name.ts';
import type { Keys } from './output/keys.ts';
import type { Terminal } from './output/terminal.ts';
import type { Screen } from './top/screen.ts';
import { readVersion } from './version.ts';

export interface CliOptions {
  readonly terminal: Terminal;
  readonly workingDirectory: string;
  /** Default: it is empty. */
  readonly input?: AsyncIterable<Uint8Array>;
  /** Default: there is nobody to ask. */
  readonly confirm?: (question: string) => Promise<boolean>;
  /** Default: there is no terminal. */
  readonly screen?: Screen;
  /** Default: there is no terminal. */
  readonly keys?: Keys;
  /** Default: standard output is none. */
  readonly isTerminal?: boolean;
  /** Default: a command that goes on by itself does so for ever. */
  readonly stop?: () => AbortSignal;
  loadConfig(): CliConfig;
}

/** Runs one command line and gives the exit status; an error becomes one line on standard error. */
export async function runCli(args: readonly string[], options: CliOptions): Promise<number> {
  const { terminal } = options;
  let exitCode = 0;
  const loaded: { config?: CliConfig } = {};
  const context: CommandContext = {
    terminal,
    workingDirectory: options.workingDirectory,
    input: options.input ?? Readable.from([]),
    confirm: options.confirm ?? null,
    screen: options.screen ?? null,
    keys: options.keys ?? null,
    isTerminal: options.isTerminal ?? false,
    stop: options.stop ?? (() => new AbortController().signal),
    config: () => (loaded.config ??= options.loadConfig()),
    setExitCode: code => {
      exitCode = code;
    },
  };
  try {
    await createProgram(context).parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode;
    terminal.note(formatError(error, loaded.config?.isDebug === true));
    return 1;
  }
}

/** All commands, with nothing connected yet. */
function createProgram(context: CommandContext): Command {
  const { terminal } = context;
  const program = new Command(programName())
    .description('Self-hosted webhook gateway: a 2xx never covers a lost event.')
    .version(readVersion(), '-v, --version')
    .helpCommand('help [command]', 'the same as `<command> --help`')
    .showSuggestionAfterError()
    .enablePositionalOptions() // `doctor` and its own commands have options of the same names
    .exitOverride()
    .configureOutput({
      writeOut: text => terminal.line(asTyped(text.trimEnd())),
      writeErr: text => terminal.note(text.trimEnd()),
    })
    .addHelpText(
      'after',
      `
Examples:
  $ ackline up                            run everything here, on an embedded PostgreSQL
  $ ackline send telegram --count 10      send signed samples to it
  $ ackline events                        see what became of them
  $ ackline listen 3000                   have them sent to a server that you write here

Environment: DATABASE_URL and KAFKA_BROKERS switch to real servers; ACKLINE_CONFIG names the
configuration (ackline.yaml), ACKLINE_DATA_DIR the data directory (.ackline), LOG_LEVEL=debug shows stacks.`,
    );
  const registrations = [
    registerUp,
    registerCheck,
    registerPlan,
    registerDoctor,
    registerSend,
    registerBench,
    registerTop,
    registerPerf,
    registerTail,
    registerListen,
    registerEvents,
    registerRejected,
    registerPark,
    registerReplay,
    registerDiscard,
    registerSources,
    registerDestinations,
    registerCache,
    registerAudit,
    registerTokens,
    registerSessions,
    registerMigrate,
    registerSpool,
    registerBackup,
    registerRestore,
  ];
  for (const register of registrations) register(program, context);
  nameHelp(program, program.name());
  return program;
}

/** An error of usage points to the help of the command that it is about. */
function nameHelp(command: Command, words: string): void {
  command.configureOutput({ outputError: (text, write) => write(usageLine(text, words)) });
  for (const child of command.commands) nameHelp(child, `${words} ${child.name()}`);
}

/** commander's own words in the form of every other error. */
function usageLine(text: string, words: string): string {
  const what = text
    .replace(/^error: /, '')
    .replaceAll(/\s*\n\s*/g, ' ')
    .trim()
    .replace(/\.$/, '');
  return what.startsWith('(') ? what : `error [ACKLINE_USAGE] ${what} – see \`${words} --help\``;
}
