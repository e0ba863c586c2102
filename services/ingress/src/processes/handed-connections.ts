// Connections that were handed to a worker which ends before it has taken them.
//
// node:cluster waits for the worker's word on each connection that it hands over. From one that was killed the word never
// comes: the parent would hold the connection open for ever, unanswered. Here "not accepted" is said in its place, on which
// node:cluster hands the connection to another worker. Nothing of a request is lost by that: a worker gives its word before it
// reads from the connection. Where no other worker is left, the connection is closed.
//
// The messages are node:cluster's own and not documented; if a release changes them, a killed worker leaves such a connection
// to its sender's time limit again, and a test fails.
import cluster, { type Worker } from 'node:cluster';

/** The connection, as the operating system knows it. */
interface Handle {
  close(): void;
}

/** To be called before the worker gets its first connection. */
export function keepHandedConnections(worker: Worker): void {
  const child = worker.process;
  const send = child.send.bind(child) as (...args: readonly unknown[]) => boolean;
  // At most one: the next is handed over after the word on the one before.
  const handed = new Map<number, Handle>();
  child.send = (...args: readonly unknown[]) => {
    const [message, handle] = args;
    if (isHandOver(message)) handed.set(message.seq, handle as Handle);
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
    const othersRun = Object.values(cluster.workers ?? {}).some(other => other?.isConnected());
    for (const [ack, handle] of handed) {
      if (othersRun) child.emit('internalMessage', { cmd: 'NODE_CLUSTER', ack, accepted: false });
      else handle.close();
    }
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
