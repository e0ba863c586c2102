import type { LineStyle } from '../output/event-fields.ts';
import { curlOfEvent } from './curl-of-event.ts';
import type { Forwarded, Forwarder } from './forwarder.ts';
import type { LocalServer } from './local-server.ts';
import { requestLine } from './request-line.ts';
import type { ListenTarget } from './target-url.ts';

/** It fits 80 columns. */
export const KEY_HELP = 'r retry the last · o its link · c as curl · s skip what waits · p pause · q quit';

export interface KeyDeps {
  readonly forwarder: Pick<Forwarder, 'isPaused' | 'skip'>;
  readonly server: LocalServer;
  readonly target: ListenTarget;
  readonly console: string;
  /** The last one that was answered; null: none yet. */
  readonly last: () => Forwarded | null;
  readonly line: (text: string) => void;
  readonly note: (text: string) => void;
  readonly style: LineStyle;
  readonly quit: () => void;
  readonly stop: AbortSignal;
}

/** What a key does. Ctrl-C and Ctrl-D are keys in raw mode. */
export function createKeyHandler(deps: KeyDeps): (key: string) => void {
  const { forwarder, note, quit } = deps;
  const ofLast = (act: (last: Forwarded) => void) => {
    const last = deps.last();
    if (last === null) note('No event was answered yet.');
    else act(last);
  };
  const actions: Readonly<Record<string, () => void>> = {
    r: () => ofLast(last => void sendAgain(last, deps)),
    o: () => ofLast(({ event }) => note(`${deps.console}/events/${event.id}`)),
    c: () =>
      ofLast(({ event, payload }) =>
        note(
          curlOfEvent(event, payload, { target: deps.target.urlOf(payload.url).href, console: deps.console }),
        ),
      ),
    s: () => forwarder.skip(),
    p: () => {
      forwarder.isPaused = !forwarder.isPaused;
      note(forwarder.isPaused ? 'Paused: nothing goes out until p. Nothing is skipped.' : 'Going on.');
    },
    q: quit,
    '\u0003': quit,
    '\u0004': quit,
    '?': () => note(KEY_HELP),
    '\r': () => note(''),
  };
  return key => actions[key.toLowerCase()]?.();
}

async function sendAgain(
  { event, payload }: Forwarded,
  { server, line, note, style, stop }: KeyDeps,
): Promise<void> {
  const answer = await server.send(event, payload, { isAgain: true, stop });
  if (answer.kind === 'answered') line(requestLine(event, { ...answer, isAgain: true }, style));
  else if (!stop.aborted) note(`No answer (${answer.why}).`);
}
