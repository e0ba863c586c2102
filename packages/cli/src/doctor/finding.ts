import type { FindingId } from './finding-rows.ts';

export interface Place {
  /** As it may be shown: below the working directory where it is there. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** One thing that is wrong here. It holds no secret, and nothing of a payload. */
export interface Finding {
  readonly id: FindingId;
  /** null: it is of no file. */
  readonly place: Place | null;
  /** What it is about, such as "source telegram"; null: the place, or the sentence, says so. */
  readonly subject: string | null;
  /** A sentence without its full stop. */
  readonly what: string;
}

/** A part that was not looked at, and why. */
export interface Unlooked {
  readonly part: string;
  readonly reason: string;
}

/** What a part of the examination came to. */
export interface Examined {
  readonly findings: readonly Finding[];
  readonly unlooked: readonly Unlooked[];
}

export function joined(parts: readonly Examined[]): Examined {
  return {
    findings: parts.flatMap(({ findings }) => findings),
    unlooked: parts.flatMap(({ unlooked }) => unlooked),
  };
}

export function only(findings: readonly Finding[]): Examined {
  return { findings, unlooked: [] };
}

export function notLookedAt(part: string, reason: string): Examined {
  return { findings: [], unlooked: [{ part, reason }] };
}
