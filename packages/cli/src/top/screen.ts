import { createKeys, type KeyInput } from '../output/keys.ts';

/** A terminal that shows one picture, drawn anew each time; the text that was there before is back at the end. */
export interface Screen {
  readonly columns: number;
  readonly rows: number;
  open(): void;
  draw(lines: readonly string[]): void;
  /** Resolves when q, Ctrl-C or a signal ends it. */
  readonly ended: Promise<void>;
  close(): void;
}

export interface ScreenStreams {
  readonly input: KeyInput & Pick<NodeJS.ReadStream, 'isTTY'>;
  readonly output: Pick<NodeJS.WriteStream, 'columns' | 'rows' | 'write'>;
  /** Of the process. */
  readonly signals: Pick<NodeJS.EventEmitter, 'on' | 'off'>;
}

const ENTER = '\u001b[?1049h\u001b[?25l';
const LEAVE = '\u001b[?25h\u001b[?1049l';
const HOME = '\u001b[H';
const CLEAR_REST_OF_LINE = '\u001b[K';
const CLEAR_BELOW = '\u001b[J';
/** Of a terminal that does not say. */
const DEFAULT_COLUMNS = 80;
const DEFAULT_ROWS = 24;
/** q, Q, Ctrl-C and Ctrl-D: raw mode brings them as characters. */
const END_KEYS = ['q', 'Q', '\u0003', '\u0004'];
const END_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export function createScreen({ input, output, signals }: ScreenStreams): Screen {
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  const onSignal = () => end();
  let endKeys: () => void = () => undefined;
  return {
    get columns() {
      return output.columns ?? DEFAULT_COLUMNS;
    },
    get rows() {
      return output.rows ?? DEFAULT_ROWS;
    },
    ended,
    open() {
      for (const signal of END_SIGNALS) signals.on(signal, onSignal);
      if (input.isTTY)
        endKeys = createKeys(input).listen(key => {
          if (END_KEYS.includes(key)) end();
        });
      output.write(ENTER);
    },
    draw(lines) {
      // Over what stands there, so that nothing flickers.
      output.write(HOME + lines.map(line => line + CLEAR_REST_OF_LINE).join('\r\n') + CLEAR_BELOW);
    },
    close() {
      output.write(LEAVE);
      endKeys();
      for (const signal of END_SIGNALS) signals.off(signal, onSignal);
    },
  };
}
