import { useQuery } from '@tanstack/react-query';
import { callerQuery } from '../api/session.ts';

/** Whether who is signed in may do something. What they may not is refused by the API as well. */
export function useScope(scope: 'payload' | 'operate'): boolean {
  const { data: caller } = useQuery(callerQuery);
  return caller?.scopes.includes(scope) === true;
}
