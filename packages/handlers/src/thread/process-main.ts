// The entry of a process that has the threads of one destination: what ends it ends nothing of the processor.
import { killGroup } from './process-group.ts';
import type { HostMessage, ProcessReport, ProcessStart } from './protocol.ts';
import { createThreadGroup, type ThreadGroup } from './thread-group.ts';

let group: ThreadGroup | null = null;
let isDrained = false;

// A service manager may signal each process of a service: it is for the processor, which drains and says so here.
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined);
process.on('disconnect', end);
process.on('message', (message: ProcessStart | HostMessage) => {
  if (message.kind === 'start') {
    process.title = `ackline handler ${message.setup.destination}`;
    const report = (said: ProcessReport) => void process.send?.(said);
    group = createThreadGroup({ ...message, report, onDrained });
    if (!process.connected) end(); // before anybody listened
  } else {
    group?.take(message);
  }
});

function onDrained(): void {
  isDrained = true;
  // What was sent before is written by then.
  process.send?.({ kind: 'drained' }, undefined, {}, () => process.disconnect());
}

/** The processor is gone. `exit` would wait for a thread that is within a call of the system, which may never return. */
function end(): void {
  if (isDrained) process.exit();
  killGroup(process.pid);
}
