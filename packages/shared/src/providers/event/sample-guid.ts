import { hash } from 'node:crypto';

/** For samples: the same one for the same seed. */
export function sampleGuid(seed: string): string {
  const id = hash('sha256', seed, 'hex');
  return [id.slice(0, 8), id.slice(8, 12), id.slice(12, 16), id.slice(16, 20), id.slice(20, 32)].join('-');
}
