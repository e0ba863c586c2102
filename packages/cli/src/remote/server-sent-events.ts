export interface ServerSentEvent {
  readonly id: string | null;
  readonly event: string | null;
  readonly data: string;
}

/** An event of the console has some KiB: what has no end is none. */
const MAX_PENDING_CHARS = 4 * 1024 * 1024;

/** Server-sent events as the console writes them: by lines, with a blank one behind each. Comments are events without data. */
export async function* serverSentEvents(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<ServerSentEvent> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of chunks) {
    text += decoder.decode(chunk, { stream: true });
    const blocks = text.split('\n\n');
    text = blocks.pop() ?? '';
    if (text.length > MAX_PENDING_CHARS) throw new Error('an event has no end');
    for (const block of blocks) yield parseBlock(block);
  }
}

function parseBlock(block: string): ServerSentEvent {
  const fields: Record<'id' | 'event' | 'data', string | null> = { id: null, event: null, data: null };
  for (const line of block.split('\n')) {
    // `s`: JSON has U+2028 as it is.
    const [, name = '', value = ''] = /^(\w+): ?(.*)$/s.exec(line) ?? [];
    if (name === 'id' || name === 'event') fields[name] = value;
    if (name === 'data') fields.data = fields.data === null ? value : `${fields.data}\n${value}`;
  }
  return { id: fields.id, event: fields.event, data: fields.data ?? '' };
}
