import type { CommandContext } from '../command-context.ts';
import { dataLayout } from '../data-directory/layout.ts';
import { type LineStyle, lineStyle } from '../output/event-fields.ts';
import { type Away, createAway } from '../remote/away.ts';
import { connectConsole } from '../remote/console-connection.ts';
import type { ConsoleTarget } from '../remote/console-target.ts';
import { sayUnknownSources } from '../remote/unknown-sources.ts';
import { createCursorKeeper } from './cursor-keeper.ts';
import { type CursorFile, type ListenerName, openCursorFile } from './cursor-file.ts';
import { createForwarder, type Forwarded, type ForwarderEvents } from './forwarder.ts';
import { createKeyHandler, KEY_HELP, type KeyDeps } from './listen-keys.ts';
import { createLocalServer } from './local-server.ts';
import { type PullQuery, pullPage, type Puller } from './pull-pages.ts';
import { requestLine, skippedLine } from './request-line.ts';
import type { ListenTarget } from './target-url.ts';

export interface ListenPlan {
  readonly console: ConsoleTarget;
  readonly target: ListenTarget;
  readonly filters: Omit<PullQuery, 'storedSince' | 'after'>;
  /** How long ago it begins; null: at its cursor, or now where there is none. */
  readonly sinceMs: number | null;
  /** Whatever the cursor says. */
  readonly fromNow: boolean;
}

/** Until it is stopped, by Ctrl-C or q. */
export async function runListen(context: CommandContext, plan: ListenPlan): Promise<void> {
  const quit = new AbortController();
  const stop = AbortSignal.any([context.stop(), quit.signal]);
  await using opened = new AsyncDisposableStack();
  const connection = opened.use(connectConsole(plan.console, stop));
  const server = opened.use(createLocalServer(plan.target));
  const file = await openCursorFile(dataLayout(context.config().dataDir), nameOf(plan));
  const keeper = createCursorKeeper(cursor => file.write(cursor));
  const say = createSpeaker(context);
  const puller: Puller = { connection, away: consoleAway(say, plan, stop), stop };
  const { cursor, storedSince } = await begin(plan, file, say);
  void sayUnknownSources(connection, plan.filters.source ?? [], say.note);
  const last: { forwarded: Forwarded | null } = { forwarded: null };
  const forwarder = createForwarder({
    server,
    stop,
    pull: after =>
      pullPage(puller, { ...plan.filters, ...storedSince, ...(after === null ? {} : { after }) }),
    events: {
      ...spokenEvents(say, plan),
      onCursor: cursor => keeper.keep(cursor),
      onAnswered(forwarded, answer) {
        last.forwarded = forwarded;
        say.line(requestLine(forwarded.event, answer, say.style));
      },
    },
  });
  listenToKeys(context, opened, {
    ...say,
    forwarder,
    server,
    target: plan.target,
    console: plan.console.url,
    last: () => last.forwarded,
    quit: () => quit.abort(),
    stop,
  });
  await Promise.race([forwarder.run(cursor), keeper.failed]);
  await keeper.flush();
}

interface Speaker {
  readonly line: (text: string) => void;
  readonly note: (text: string) => void;
  readonly style: LineStyle;
}

function createSpeaker(context: CommandContext): Speaker {
  const { line, note } = context.terminal;
  return { line, note, style: lineStyle(context) };
}

const nameOf = ({ console, target, filters }: ListenPlan): ListenerName => ({
  console: console.url,
  target: target.url,
  filters,
});

function consoleAway({ note }: Speaker, { console }: ListenPlan, stop: AbortSignal): Away {
  return createAway({
    say: note,
    gone: why => `The console does not answer (${why}): trying again, nothing is skipped.`,
    returned: `The console at ${console.url} answers again: going on where it was.`,
    stop,
  });
}

interface Begun {
  /** null: where `storedSince` begins, or now. */
  readonly cursor: string | null;
  /** Goes with each call. */
  readonly storedSince: Pick<PullQuery, 'storedSince'>;
}

async function begin(plan: ListenPlan, file: CursorFile, { note }: Speaker): Promise<Begun> {
  const { filters, target, sinceMs, fromNow } = plan;
  const kept = sinceMs === null && !fromNow ? await file.read() : null;
  const storedSince = sinceMs === null ? null : new Date(Date.now() - sinceMs).toISOString();
  const begins = kept === null ? (storedSince ?? 'now') : `where it was at ${kept.at.toISOString()}`;
  note(`Events of ${filters.source?.join(', ') ?? 'all sources'} go to ${target.url}, from ${begins} on.`);
  if (kept !== null) note('What came since comes now; --from-now leaves it out.');
  return { cursor: kept?.cursor ?? null, storedSince: storedSince === null ? {} : { storedSince } };
}

function spokenEvents(
  { line, note, style }: Speaker,
  { target }: ListenPlan,
): Pick<ForwarderEvents, 'onSkipped' | 'onAway' | 'onBack'> {
  return {
    onSkipped: (event, why) => line(skippedLine(event, why, style)),
    onAway: why => note(`${target.url} does not answer (${why}): waiting for it, nothing is skipped.`),
    onBack: () => note(`${target.url} answers again.`),
  };
}

function listenToKeys({ keys }: CommandContext, opened: AsyncDisposableStack, deps: KeyDeps): void {
  if (keys === null) return;
  opened.defer(keys.listen(createKeyHandler(deps)));
  deps.note(KEY_HELP);
}
