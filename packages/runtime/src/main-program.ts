import { AppError } from '@ackline/shared/app-error';
import type { LogLevel } from '@ackline/shared/log-level';
import type { DrainPlan } from './drain.ts';
import { createLogLevelSwitch, type FollowLogLevel } from './log-level-switch.ts';
import { createLogger, flushLogs, type Logger } from './logger.ts';
import { type ChildMessage, reportToParent } from './parent-channel.ts';
import { listenForShutdown, type SignalSource } from './signals.ts';

/** What the shared part of every `main.ts` needs of a service's configuration. */
export interface ProgramConfig {
  readonly logLevel: LogLevel;
  readonly drain: DrainPlan;
}

/** A service, wired: `run` serves until the signal aborts, then drains and closes everything. */
export interface App {
  run(signal: AbortSignal): Promise<void>;
  /** SIGHUP: reads the configuration again. Never rejects. */
  reload?(): Promise<void>;
  /** SIGUSR2: replaces the processes that this one owns. Never throws. */
  replace?(): void;
  /** A second signal: ends at once what the end of this process would leave behind. */
  force?(): void;
}

/** What a service gets from its process. */
export interface ProgramContext {
  readonly log: Logger;
  /** Tells a parent that forked this process; does nothing without one. */
  readonly report: (message: ChildMessage) => void;
  /** What ackline.yaml says of the level of this log. */
  readonly followLogLevel: FollowLogLevel;
  /** That of `run`: for a start that waits. `run` is called all the same. */
  readonly signal: AbortSignal;
}

export interface Program<Config extends ProgramConfig> {
  readonly service: string;
  /** Throws one AppError that lists everything that is wrong. */
  loadConfig(): Config;
  createApp(config: Config, context: ProgramContext): Promise<App>;
  /** What ends the process; `process` by default. */
  readonly signals?: SignalSource;
}

/**
 * The life of a service process: configuration, app, run until the first signal, drain, exit code 0. A fatal error is one log
 * line with its code, and exit code 1. A drain over its deadline is cut, with exit code 1. A second signal ends at once.
 * SIGHUP reloads and SIGUSR2 replaces, in a service that can.
 */
export async function runProgram<Config extends ProgramConfig>(program: Program<Config>): Promise<void> {
  const { service } = program;
  let log = createLogger({ service, level: 'info' });
  let app: App | null = null;
  const report = (message: ChildMessage) => reportToParent(process, message);
  const fail = (error: unknown) => {
    const code = error instanceof AppError ? error.code : undefined;
    log.fatal({ err: error, code }, `${service}.failed`);
    if (error instanceof AppError) report({ kind: 'failed', code: error.code, message: error.message });
    process.exit(1);
  };
  // A promise or callback that nobody watches leaves the process in a state that nobody knows: start anew instead.
  process.on('uncaughtException', fail);
  process.on('unhandledRejection', fail);
  // Both would end the process by default.
  process.on('SIGHUP', () => {
    if (app?.reload === undefined) log.warn({ signal: 'SIGHUP' }, 'signal.ignored');
    else app.reload().catch(fail);
  });
  process.on('SIGUSR2', () => {
    if (app?.replace === undefined) log.warn({ signal: 'SIGUSR2' }, 'signal.ignored');
    else app.replace();
  });

  try {
    const config = program.loadConfig();
    log = createLogger({ service, level: config.logLevel });
    let drainedFrom: number | null = null;
    const shutdown = listenForShutdown({
      source: program.signals ?? process,
      stopWithParent: true,
      onDrain: reason => {
        drainedFrom = performance.now();
        log.info({ reason, ...config.drain }, 'drain.started');
        limitDrain(config.drain, log);
      },
      onForce: signal => {
        log.warn({ signal }, 'drain.forced');
        flushLogs(log);
        app?.force?.();
      },
    });
    const followLogLevel = createLogLevelSwitch(log, config.logLevel, level =>
      report({ kind: 'log-level', level }),
    );
    app = await program.createApp(config, { log, report, followLogLevel, signal: shutdown.signal });
    await app.run(shutdown.signal);
    // A listener for the parent's end keeps the channel to it, and with that this process, alive.
    shutdown.dispose();
    const drainMs = drainedFrom === null ? null : Math.round(performance.now() - drainedFrom);
    log.info({ event: 'drain.finished', drainMs }, `${service}.stopped`);
    process.exitCode = 0;
  } catch (error) {
    fail(error);
  }
}

/** Cuts a drain that hangs. Unref'ed: a process that has nothing left to do ends before. */
function limitDrain(plan: DrainPlan, log: Logger): void {
  setTimeout(() => {
    log.fatal({ deadlineMs: plan.deadlineMs }, 'drain.deadline-passed');
    process.exit(1);
  }, plan.waitMs + plan.deadlineMs).unref();
}
