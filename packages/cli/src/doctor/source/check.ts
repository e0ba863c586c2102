import type { NodePath } from '@babel/traverse';
import type { Definitions } from './definitions.ts';
import type { SourceModule } from './parse-module.ts';
import type { RunTimes } from './run-times.ts';

/** All files that are looked at together. */
export interface SourceProgram {
  readonly definitions: Definitions;
  readonly runTimes: RunTimes;
}

export type SourceFindingId =
  | 'source-blocking-call'
  | 'source-blocking-io'
  | 'source-client-per-call'
  | 'source-missing-await'
  | 'source-unbounded-cache';

/** A fault at a place of the source. */
export interface SourceFault {
  readonly id: SourceFindingId;
  readonly at: NodePath;
  /** A sentence, without its full stop. */
  readonly what: string;
}

export type SourceCheck = (module: SourceModule, program: SourceProgram) => readonly SourceFault[];
