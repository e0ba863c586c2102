import { AppError } from '@ackline/shared/app-error';
import { type Command, InvalidArgumentError } from 'commander';

export interface ConsoleOptions {
  readonly url?: string;
  readonly tokenFile?: string;
}

/** What a console is asked for where `--keys` is not given: it hides them, since its database has what they are hidden by. */
export const shownKeys = (keys: true | undefined): { keys?: 'hidden' } =>
  keys === true ? {} : { keys: 'hidden' };

/** `withoutUrl`: says what there is without `--url`. No token on the command line: others on the machine can read that. */
export function addConsoleOptions(command: Command, withoutUrl: string): Command {
  return command
    .option('--url <url>', `the console to ask (default: ${withoutUrl})`, consoleUrl)
    .option('--token-file <file>', 'holds a token of `ackline tokens create` (default: ACKLINE_TOKEN)')
    .hook('preSubcommand', refuseBefore);
}

/** Before a subcommand they would be this command's own, and the subcommand would ask the database. */
function refuseBefore(command: Command, subcommand: Command): void {
  const { url, tokenFile } = command.opts<ConsoleOptions>();
  if (url === undefined && tokenFile === undefined) return;
  throw new AppError(
    'ACKLINE_USAGE',
    `--url and --token-file stand behind \`${command.name()} ${subcommand.name()}\`, where it takes them`,
  );
}

/** A parser of commander for where a console is. */
function consoleUrl(text: string): string {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol) || url.search !== '' || url.hash !== '')
    throw new InvalidArgumentError('It must be a URL such as https://console.example.com.');
  if (url.username !== '' || url.password !== '')
    throw new InvalidArgumentError('It must be without a user and a password: use a token.');
  return text.replace(/\/+$/, '');
}
