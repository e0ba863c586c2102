import type { callerRoutes } from '../api/caller.ts';
import type { CallsOf } from './call.ts';

export const callerCalls: CallsOf<typeof callerRoutes> = {
  readCaller: ({ caller: { name, scopes, tenant, by } }) =>
    Promise.resolve({ json: { name, scopes: [...scopes], tenant, by } }),
};
