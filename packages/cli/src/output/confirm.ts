import { createInterface } from 'node:readline/promises';
import type { SignalSource } from '@ackline/runtime/signals';
import { AppError } from '@ackline/shared/app-error';
import type { CommandContext } from '../command-context.ts';

export interface QuestionStreams {
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream;
  /** Of the process. */
  readonly signals: Pick<SignalSource, 'on' | 'off'>;
}

/** Asks on a terminal; anything but a yes is a no, the end of the input and Ctrl-C too: what waits for the answer tidies up. */
export function askOn({ input, output, signals }: QuestionStreams): (question: string) => Promise<boolean> {
  return async question => {
    const lines = createInterface({ input, output, terminal: false });
    const ended = new Promise<string>(resolve => lines.once('close', () => resolve('')));
    let isInterrupted = false;
    const onInterrupt = () => {
      if (!isInterrupted) output.write('\n'); // behind the ^C
      isInterrupted = true;
      lines.close();
    };
    signals.on('SIGINT', onInterrupt);
    try {
      const answer = await Promise.race([lines.question(`${question} [y/N] `), ended]);
      return /^y(es)?$/i.test(answer.trim());
    } finally {
      lines.close();
      // Copies of the one Ctrl-C follow, by npm and the launcher.
      if (!isInterrupted) signals.off('SIGINT', onInterrupt);
    }
  };
}

export interface Agreement {
  /** `--yes` was given. */
  readonly yes: boolean;
  readonly question: string;
  /** What is so without a yes: "Nothing is sent". */
  readonly otherwise: string;
}

/**
 * Whether to go on with what was just counted: `--yes`, or a person's yes; a no is acknowledged. Throws ACKLINE_USAGE where there is
 * nobody to ask.
 */
export async function isAgreed(
  { terminal, confirm }: Pick<CommandContext, 'terminal' | 'confirm'>,
  { yes, question, otherwise }: Agreement,
): Promise<boolean> {
  if (yes) return true;
  if (confirm === null) {
    throw new AppError('ACKLINE_USAGE', `${otherwise}: there is no terminal to ask on, so it takes --yes`);
  }
  const isWanted = await confirm(question);
  if (!isWanted) terminal.line(`${otherwise}.`);
  return isWanted;
}
