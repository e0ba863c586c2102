import type { CacheClear } from '@ackline/store/cache-clears';

/** What was cleared of caches, as far as this processor has heard: as many as `ackline cache clear` lets there be. */
export interface CacheVersions {
  /** 0: nothing was. */
  of(destination: string, keyHash: string): number;
  /** False: it is no news. Readings may overlap, and what an earlier one found come last. */
  learn(clear: CacheClear): boolean;
}

interface Known {
  all: number;
  readonly keys: Map<string, number>;
}

export function createCacheVersions(): CacheVersions {
  const known = new Map<string, Known>();
  return {
    of(destination, keyHash) {
      const cleared = known.get(destination);
      return cleared === undefined ? 0 : Math.max(cleared.all, cleared.keys.get(keyHash) ?? 0);
    },
    learn({ destination, keyHash, version }) {
      const cleared = known.get(destination) ?? { all: 0, keys: new Map<string, number>() };
      known.set(destination, cleared);
      if (version <= Math.max(cleared.all, cleared.keys.get(keyHash ?? '') ?? 0)) return false;
      if (keyHash !== null) {
        cleared.keys.set(keyHash, version);
        return true;
      }
      cleared.all = version;
      for (const [key, older] of cleared.keys) if (older <= version) cleared.keys.delete(key);
      return true;
    },
  };
}
