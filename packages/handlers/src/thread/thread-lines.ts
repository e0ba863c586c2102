import type { Readable } from 'node:stream';
import type { Worker } from 'node:worker_threads';
import { createLineLimit } from './line-limit.ts';
import type { HandlerLogLine } from './protocol.ts';

const MAX_LINE_CHARS = 2_000;

/** What a module writes to its standard output and error (`console.log`) as lines of the log, bounded like those of `ctx.log`. */
export function createThreadLines(
  { stdout, stderr }: Pick<Worker, 'stdout' | 'stderr'>,
  write: (line: HandlerLogLine) => void,
): void {
  const limit = createLineLimit(write);
  readLines(stdout, text => limit.write({ level: 'info', event: 'handler.wrote', fields: { text } }));
  readLines(stderr, text => limit.write({ level: 'warn', event: 'handler.wrote', fields: { text } }));
}

function readLines(stream: Readable, pass: (text: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    const lines = `${rest}${chunk}`.split('\n');
    rest = (lines.pop() ?? '').slice(0, MAX_LINE_CHARS);
    for (const line of lines) if (line !== '') pass(line.slice(0, MAX_LINE_CHARS));
  });
  stream.on('end', () => {
    if (rest !== '') pass(rest);
  });
}
