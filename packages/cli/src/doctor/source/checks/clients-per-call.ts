import type { NodePath } from '@babel/traverse';
import type { SourceCheck, SourceFault } from '../check.ts';
import { clientName } from '../known/clients.ts';
import { originOf } from '../origins.ts';
import { isKept } from './kept-value.ts';

/** Clients and pools that are made anew for each event, with new connections each time. */
export const findClientsPerCall: SourceCheck = (module, { runTimes }) => {
  const faults: SourceFault[] = [];
  for (const path of [...module.all('NewExpression'), ...module.all('CallExpression')]) {
    const origin = originOf(path.get('callee') as NodePath);
    const name = origin === null ? null : clientName(origin, path.isNewExpression());
    if (name === null || !runTimes.isPerEvent(path) || isKept(path)) continue;
    faults.push({
      id: 'source-client-per-call',
      at: path,
      what: `${name} is made anew for each event: its connections are opened and thrown away with it`,
    });
  }
  return faults;
};
