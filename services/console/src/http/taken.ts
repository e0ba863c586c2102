import type { Response } from 'express';

/** 25 MiB, in base64 34, are through by 1 Mbit a second. */
const TAKEN_WITHIN_MS = 300_000;

/**
 * Until the answer is taken, or who asked has gone, or was cut off since they took it too slowly: by its socket, since an answer that is
 * pipelined behind another one does not see that itself.
 */
export function taken(response: Response, withinMs = TAKEN_WITHIN_MS): Promise<void> {
  const { socket } = response.req;
  return new Promise(resolve => {
    const timer = setTimeout(() => socket.destroy(), withinMs);
    const end = () => {
      clearTimeout(timer);
      socket.off('close', end);
      resolve();
    };
    if (socket.destroyed || response.writableFinished) return end();
    socket.once('close', end);
    response.once('finish', end);
  });
}

/**
 * {@link taken}, of many answers that are not taken yet, within so many bytes: where one more does not fit, those that have been taken
 * for longest are cut off. So who takes slowly keeps nobody waiting.
 */
export function createUntaken(maxBytes: number): (response: Response) => Promise<void> {
  const untaken = new Map<Response, number>();
  return async response => {
    untaken.set(response, Number(response.getHeader('content-length') ?? 0));
    let bytes = [...untaken.values()].reduce((sum, size) => sum + size, 0);
    for (const [older, size] of untaken) {
      if (bytes <= maxBytes || older === response) break;
      older.req.socket.destroy();
      bytes -= size;
    }
    await taken(response);
    untaken.delete(response);
  };
}
