import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { baseUrl } from '../options.ts';
import { type Frame, type Look, makeFrame } from '../top/frame.ts';
import { fitLines, frameLines } from '../top/frame-text.ts';
import { createLooker, type Looker } from '../top/look.ts';
import type { Screen } from '../top/screen.ts';

const EVERY_MS = 1_000;

interface TopOptions {
  readonly ops: readonly string[];
  readonly once?: true;
  readonly json?: true;
}

export function registerTop(program: Command, context: CommandContext): void {
  program
    .command('top')
    .description('Show rates, acknowledgement times, lag, breakers and open work, anew each second; q ends')
    .option(
      '--ops <url>',
      'an operations port, once for each service; default: that of `ackline up`, else OPS_PORT',
      collectUrls,
      [],
    )
    .option('--once', 'print it once, over one second; so it is too where there is no terminal')
    .option('--json', 'one JSON document, over one second')
    .addHelpText('after', '\nExample:\n  $ ackline top --ops http://ingress:9464 --ops http://processor:9464')
    .action(async (options: TopOptions) => {
      await using looker = createLooker(context.config(), options.ops);
      const screen = options.once === true || options.json === true ? null : context.screen;
      if (screen !== null) {
        await showLive(looker, screen);
        return;
      }
      const before = await looker.look();
      await delay(EVERY_MS);
      const frame = makeFrame(before, await looker.look());
      const text = options.json === true ? JSON.stringify(frame) : frameLines(frame).join('\n');
      context.terminal.line(text);
      if (isAllAway(frame)) context.setExitCode(1);
    });
}

function collectUrls(text: string, before: readonly string[]): readonly string[] {
  return [...before, baseUrl(text)];
}

async function showLive(looker: Looker, screen: Screen): Promise<void> {
  const over = new AbortController();
  void screen.ended.then(() => over.abort());
  let before: Look | null = null;
  screen.open();
  try {
    while (!over.signal.aborted) {
      const now = await looker.look();
      screen.draw(fitLines(frameLines(makeFrame(before, now)), screen));
      before = now;
      await delay(EVERY_MS, undefined, { signal: over.signal }).catch(() => undefined);
    }
  } finally {
    screen.close();
  }
}

function isAllAway({ services, postgres }: Frame): boolean {
  return postgres.problem !== null && services.every(({ problem }) => problem !== null);
}
