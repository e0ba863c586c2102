import { CommandLine } from './command-line.tsx';
import { More } from './more.tsx';
import { useQuery } from '@tanstack/react-query';
import { waysInQuery } from '../api/session.ts';
import { curlCommand } from './curl-command.ts';

export interface ApiCallProps {
  readonly method?: 'GET' | 'POST';
  /** With its query: `/api/v1/events?source=shop`. */
  readonly path: string;
  readonly body?: unknown;
}

/** What this page asks the API, to be asked from a script. */
export function ApiCall({ method = 'GET', path, body }: ApiCallProps) {
  const { data: waysIn } = useQuery(waysInQuery);
  const call = { method, url: location.origin + path, body, needsToken: waysIn?.local !== true };
  return (
    <div className="api-call">
      <More title="This page’s API call">
        <CommandLine command={curlCommand(call)} />
      </More>
    </div>
  );
}
