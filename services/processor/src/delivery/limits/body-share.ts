import type { FairShare } from '@ackline/shared/fair-share';

/**
 * One destination's part of the memory for the bodies of attempts in flight, which all destinations of the process share: a
 * receiver that is slow with large bodies does not take the room of the others. All hold the budget together at most, and beyond
 * it one body a destination: so that each goes on, however large its next one is.
 */
export interface BodyShare {
  /** Whether a claim may bring a body now. */
  readonly isOpen: boolean;
  /** For a body that is known: not more than there is room for. */
  tryTake(bytes: number): boolean;
  /** For what a claim brings: so many bytes, `maxBytes` at most, and one body whatever its size. They are given back when it ends. */
  takeForClaim(maxBytes: number): number;
  /** For a body that is there: a single one may be larger than what was asked for. */
  take(bytes: number): void;
  give(bytes: number): void;
}

export function createBodyShare(memory: FairShare, destination: string): BodyShare {
  return {
    get isOpen() {
      return memory.room(destination) > 0 || memory.heldBy(destination) === 0;
    },
    tryTake: bytes => memory.tryTake(destination, bytes),
    takeForClaim(maxBytes) {
      const bytes = Math.min(maxBytes, memory.room(destination));
      memory.take(destination, bytes);
      return bytes;
    },
    take: bytes => memory.take(destination, bytes),
    give: bytes => memory.give(destination, bytes),
  };
}
