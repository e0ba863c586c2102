import { parentPort, workerData } from 'node:worker_threads';
import { createSpoolHolder } from './spool-holder.ts';
import type { SpoolReply, SpoolRequest } from './spool-protocol.ts';

/** What the thread is started with. */
export interface SpoolWorkerData {
  readonly directory: string;
  readonly allowEphemeral: boolean;
}

const port = parentPort;
if (port === null) throw new Error('spool-worker.ts runs in a worker thread only');
const holder = createSpoolHolder(workerData as SpoolWorkerData);
port.on('message', ({ id, request }: { readonly id: number; readonly request: SpoolRequest }) => {
  const reply: SpoolReply = { id, ...holder.handle(request) };
  const packed = reply.ok ? reply.batch?.rows.bytes.buffer : undefined;
  port.postMessage(reply, packed === undefined ? [] : [packed]);
  if (request.kind === 'close') port.close();
});
