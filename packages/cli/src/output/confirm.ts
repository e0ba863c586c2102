import { createInterface } from 'node:readline/promises';

export interface QuestionStreams {
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream;
}

/** Asks on a terminal; anything but a yes is a no, the end of the input too. */
export function askOn(streams: QuestionStreams): (question: string) => Promise<boolean> {
  return async question => {
    const lines = createInterface({ ...streams, terminal: false });
    const ended = new Promise<string>(resolve => lines.once('close', () => resolve('')));
    try {
      const answer = await Promise.race([lines.question(`${question} [y/N] `), ended]);
      return /^y(es)?$/i.test(answer.trim());
    } finally {
      lines.close();
    }
  };
}
