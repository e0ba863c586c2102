/** One message of server-sent events. */
export interface SseMessage {
  readonly id: string | undefined;
  readonly event: string;
  readonly data: string;
}

/** Reads the text of a stream in whatever pieces it comes (WHATWG HTML, 9.2.6; of its fields those that the console sends). */
export function createSseParser(onMessage: (message: SseMessage) => void): (text: string) => void {
  let rest = '';
  let id: string | undefined;
  let event = '';
  let data: string[] = [];

  function readLine(line: string): void {
    if (line === '') {
      // Also without data: a heartbeat moves the place where the stream goes on.
      if (id !== undefined || data.length > 0)
        onMessage({ id, event: event || 'message', data: data.join('\n') });
      id = undefined;
      event = '';
      data = [];
      return;
    }
    const colon = line.indexOf(':');
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (name === 'id') id = value;
    if (name === 'event') event = value;
    if (name === 'data') data.push(value);
  }

  return text => {
    const lines = (rest + text).split(/\r\n|\n/);
    rest = lines.pop() ?? '';
    for (const line of lines) readLine(line);
  };
}
