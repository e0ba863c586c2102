import type { Response } from 'express';

/** 25 MiB, in base64 34, are through by 1 Mbit a second; who takes them more slowly keeps others waiting. */
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
