// The entry of a process that has the threads of one destination: what ends it ends nothing of the processor.
import type { HostMessage, ProcessReport, ProcessStart } from './protocol.ts';
import { createThreadGroup, type ThreadGroup } from './thread-group.ts';

let group: ThreadGroup | null = null;

process.on('disconnect', () => process.exit());
process.on('message', (message: ProcessStart | HostMessage) => {
  if (message.kind === 'start') {
    process.title = `ackline handler ${message.setup.destination}`;
    const report = (said: ProcessReport) => void process.send?.(said);
    // What was sent before is written by then.
    const onDrained = () =>
      void process.send?.({ kind: 'drained' }, undefined, {}, () => process.disconnect());
    group = createThreadGroup({ ...message, report, onDrained });
  } else {
    group?.take(message);
  }
});
