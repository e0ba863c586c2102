import { type Command, InvalidArgumentError } from 'commander';

export interface ConsoleOptions {
  readonly url?: string;
  readonly tokenFile?: string;
}

/** `withUrl`: says what there is without `--url`. No token on the command line: others on the machine can read that. */
export function addConsoleOptions(command: Command, withoutUrl: string): Command {
  return command
    .option('--url <url>', `the console to ask (default: ${withoutUrl})`, consoleUrl)
    .option('--token-file <file>', 'holds a token of `ackline tokens create` (default: ACKLINE_TOKEN)');
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
