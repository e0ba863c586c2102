// Everything of Ackline on one machine, under one process.
//
// U1. What was started is stopped in the opposite order, so that nothing ends before what uses it: console, ingress,
//     processor, sample receiver, PostgreSQL, operations port. A start that fails half-way stops what it had started.
// U2. A second signal kills what still runs. What was acknowledged is committed; the next start goes on from there.
import { once } from 'node:events';
import { isatty } from 'node:tty';
import { createHealthRegistry } from '@ackline/runtime/health';
import { createLogger } from '@ackline/runtime/logger';
import { listenForShutdown } from '@ackline/runtime/signals';
import type { CliConfig } from '../config.ts';
import type { Terminal } from '../output/terminal.ts';
import { SERVICE_ENTRIES } from '../service-entries.ts';
import { prepareUp } from './prepare.ts';
import { createServiceOutput, type ServiceOutput } from './service-output.ts';
import { type Up, startParts } from './start-parts.ts';
import { withoutCopies } from './stop-signals.ts';

/** Runs until a signal, then drains. Rejects where it can not start, after what it had started is stopped again. */
export async function runUp(config: CliConfig, terminal: Terminal): Promise<void> {
  const killers: (() => void)[] = [];
  const say = createSay(config, terminal);
  const shutdown = listenForShutdown({
    source: withoutCopies(process, () => performance.now()),
    stopWithParent: false,
    onDrain: () => say('stopping: console, ingress, processor, PostgreSQL (again to force)'),
    onForce: () => {
      for (const kill of killers) kill(); // (U2)
    },
  });
  const signalled: Up['signalled'] = [];
  const tell = (signal: 'SIGHUP' | 'SIGUSR2') => {
    for (const listener of signalled) listener(signal);
  };
  // A terminal that closes means the end, in order; without one, or while it is open, the services reload.
  const hadTerminal = isatty(0);
  const onHangUp = () => {
    if (hadTerminal && !isatty(0)) process.kill(process.pid, 'SIGTERM');
    else tell('SIGHUP');
  };
  const onReplace = () => tell('SIGUSR2');
  process.on('SIGHUP', onHangUp).on('SIGUSR2', onReplace);
  if (config.productionBecause !== null) terminal.note(whyProduction(config.productionBecause));
  try {
    await using stack = new AsyncDisposableStack(); // (U1)
    const prepared = await prepareUp({ config, entries: Object.values(SERVICE_ENTRIES), stack, say });
    const own = createOutput('ackline', { config, terminal, logs: prepared.layout.logs });
    stack.defer(() => own.close());
    const up: Up = {
      config,
      terminal,
      prepared,
      stack,
      signalled,
      killers,
      say,
      health: createHealthRegistry(),
      log: createLogger({
        service: 'ackline',
        level: 'info',
        destination: { write: line => own.line(line.trimEnd()) },
      }),
      signal: shutdown.signal,
      openOutput: service => createOutput(service, { config, terminal, logs: prepared.layout.logs }),
    };
    shutdown.signal.addEventListener('abort', () => up.health.markDraining(), { once: true });
    await startParts(up);
    if (!shutdown.signal.aborted) await once(shutdown.signal, 'abort');
  } catch (error) {
    // A signal during the start is no failure of it.
    if (!shutdown.signal.aborted) throw error;
  } finally {
    process.off('SIGHUP', onHangUp).off('SIGUSR2', onReplace);
    shutdown.dispose();
  }
  say('stopped');
}

/** A person who only moved a listener is told why secrets are asked for. */
function whyProduction(because: string): string {
  return `! production, because ${because} is reachable by others; development needs loopback`;
}

/** Steps: for a person in development, as log lines in production. */
function createSay(config: CliConfig, terminal: Terminal): (text: string) => void {
  if (config.mode === 'development') return text => terminal.note(`· ${text}`);
  const log = createLogger({
    service: 'ackline',
    level: 'info',
    destination: { write: line => terminal.line(line.trimEnd()) },
  });
  return step => log.info({ step }, 'up.step');
}

function createOutput(
  service: string,
  { config, terminal, logs }: { config: CliConfig; terminal: Terminal; logs: string },
): ServiceOutput {
  return createServiceOutput({
    service,
    logPath: config.mode === 'development' ? `${logs}/${service}.log` : null,
    say: text => terminal.note(`! ${text}`),
    pass: line => terminal.line(line),
  });
}
