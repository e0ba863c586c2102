import type { LogLevel } from '@ackline/shared/log-level';
import type { Logger } from './logger.ts';

/** Hears what each reading of ackline.yaml says of `logLevel`; null: nothing. Never throws. */
export type FollowLogLevel = (declared: LogLevel | null) => void;

/**
 * The level of a running process: `logLevel` of ackline.yaml, or else the LOG_LEVEL that it was started with. A change is one
 * line, where either level shows it. `onLevel` is told what is in force after each reading.
 */
export function createLogLevelSwitch(
  log: Pick<Logger, 'level' | 'info' | 'isLevelEnabled'>,
  started: LogLevel,
  onLevel: (level: LogLevel) => void,
): FollowLogLevel {
  return declared => {
    const level = declared ?? started;
    onLevel(level);
    const from = log.level;
    if (from === level) return;
    const fields = { event: 'log.level-changed', from, to: level };
    const isShownNow = log.isLevelEnabled('info');
    if (isShownNow) log.info(fields, 'log.level-changed');
    log.level = level;
    if (!isShownNow) log.info(fields, 'log.level-changed');
  };
}
