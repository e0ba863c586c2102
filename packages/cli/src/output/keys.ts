import { emitKeypressEvents, type Key } from 'node:readline';

/** Keys of a terminal, one by one, without Enter. */
export interface Keys {
  /** Ctrl-C is a key here too: raw mode brings no signal. Gives what ends it. */
  listen(onKey: (key: string) => void): () => void;
}

export type KeyInput = NodeJS.ReadableStream & Pick<NodeJS.ReadStream, 'setRawMode'>;

const ESCAPE = '\u001b';

export function createKeys(input: KeyInput): Keys {
  return {
    listen(onKey) {
      // An arrow or F4 comes as several characters, with letters among them that nobody has pressed.
      const onKeypress = (_text: string | undefined, { sequence = ESCAPE }: Key) => {
        if (!sequence.startsWith(ESCAPE)) onKey(sequence);
      };
      emitKeypressEvents(input);
      input.setRawMode(true);
      input.on('keypress', onKeypress);
      input.resume();
      return () => {
        input.off('keypress', onKeypress);
        input.setRawMode(false);
        input.pause();
      };
    },
  };
}
