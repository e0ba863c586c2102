// A host that never ends by itself, with a handler that never does: it tells the process id of its threads.
import { dirname } from 'node:path';
import { moduleThat, startPool } from './pool-bench.ts';

const bench = startPool(
  moduleThat(`case 'loop': ctx.span.setAttribute('pid', process.pid); await delay(50); for (;;);`),
);
const onAttribute = (_: string, pid: unknown) =>
  void process.stdout.write(JSON.stringify({ pid, folder: dirname(bench.module) }));
await bench.run({ do: 'loop' }, { onAttribute });
