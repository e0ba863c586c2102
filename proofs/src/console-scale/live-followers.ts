export interface Followers extends AsyncDisposable {
  /** Events that all of them got together. */
  readonly seen: number;
}

/** Clients that follow the live stream and read all of it, `streams` for each token. */
export async function startFollowers(
  apiUrl: string,
  tokens: readonly string[],
  streams: number,
): Promise<Followers> {
  const stop = new AbortController();
  let seen = 0;
  const reading: Promise<void>[] = [];
  const open = async (token: string): Promise<void> => {
    const response = await fetch(`${apiUrl}/events/stream`, {
      headers: { authorization: `Bearer ${token}` },
      signal: stop.signal,
    });
    if (response.status !== 200 || response.body === null) throw new Error(`the stream: ${response.status}`);
    reading.push(
      follow(response.body, text => {
        seen += text.split('event: stored').length - 1;
      }),
    );
  };
  for (const token of tokens) for (let stream = 0; stream < streams; stream += 1) await open(token);
  return {
    get seen() {
      return seen;
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await Promise.allSettled(reading);
    },
  };
}

async function follow(body: ReadableStream<Uint8Array>, hear: (text: string) => void): Promise<void> {
  const decoder = new TextDecoder();
  for await (const chunk of body) hear(decoder.decode(chunk, { stream: true }));
}
