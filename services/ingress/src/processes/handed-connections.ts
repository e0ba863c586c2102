// Connections that were handed to a worker which ends before it has taken them.
//
// node:cluster waits for the worker's word on each connection that it hands over. From one that was killed the word never
// comes: the parent would hold the connection open for ever, unanswered. Here "not accepted" is said in its place, on which
// node:cluster hands the connection to another worker. Nothing of a request is lost by that: a worker gives its word before it
// reads from the connection. The messages are node:cluster's own and not documented; if a release changes them, a killed
// worker leaves such a connection to its sender's time limit again, and a test fails.
import type { Worker } from 'node:cluster';

/** To be called before the worker gets its first connection. */
export function keepHandedConnections(worker: Worker): void {
  const child = worker.process;
  const send = child.send.bind(child) as (...args: readonly unknown[]) => boolean;
  const handed = new Set<number>(); // at most one: the next is handed over after the word on the one before
  child.send = (...args: readonly unknown[]) => {
    const [message] = args;
    if (isHandOver(message)) handed.add(message.seq);
    return send(...args);
  };
  child.on('internalMessage', (message: { readonly ack?: number }) => {
    if (message.ack !== undefined) handed.delete(message.ack);
  });
  let isDisconnected = false;
  child.once('disconnect', () => {
    isDisconnected = true;
  });
  // By then its channel is read to the end: every word that it gave was heard.
  child.once('close', () => {
    // Does not come by itself while a connection is on its way; node:cluster takes the worker off its list at it.
    if (!isDisconnected) child.emit('disconnect');
    for (const ack of handed) child.emit('internalMessage', { cmd: 'NODE_CLUSTER', ack, accepted: false });
  });
}

function isHandOver(message: unknown): message is { readonly seq: number } {
  return (
    typeof message === 'object' &&
    message !== null &&
    'act' in message &&
    message.act === 'newconn' &&
    'seq' in message &&
    typeof message.seq === 'number'
  );
}
