/** Keys of a terminal, one by one, without Enter. */
export interface Keys {
  /** Ctrl-C is a key here too: raw mode brings no signal. Gives what ends it. */
  listen(onKey: (key: string) => void): () => void;
}

export type KeyInput = Pick<NodeJS.ReadStream, 'setRawMode' | 'on' | 'off' | 'resume' | 'pause'>;

export function createKeys(input: KeyInput): Keys {
  return {
    listen(onKey) {
      const onData = (chunk: Buffer | string) => {
        for (const key of chunk.toString()) onKey(key);
      };
      input.setRawMode(true);
      input.on('data', onData);
      input.resume();
      return () => {
        input.off('data', onData);
        input.setRawMode(false);
        input.pause();
      };
    },
  };
}
