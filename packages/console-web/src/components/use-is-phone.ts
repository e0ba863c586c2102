import { useSyncExternalStore } from 'react';

/** The same in data-table.css and in shell.css. */
const PHONE = matchMedia('(max-width: 48rem)');

export function useIsPhone(): boolean {
  return useSyncExternalStore(subscribe, () => PHONE.matches);
}

function subscribe(onChange: () => void): () => void {
  PHONE.addEventListener('change', onChange);
  return () => PHONE.removeEventListener('change', onChange);
}
