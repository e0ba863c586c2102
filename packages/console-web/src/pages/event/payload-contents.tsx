import type { ConsoleSchemas } from '@ackline/console-client/client';
import { useMemo } from 'react';
import { bytesText } from '../../components/bytes.ts';
import { CommandLine } from '../../components/command-line.tsx';
import { More } from '../../components/more.tsx';
import { visibleText } from '../../components/visible-text.ts';
import { Body } from './body.tsx';
import { viewBody } from './body-view.ts';
import { type EventCurl, eventCurl } from './event-curl.ts';

/** The client does not say that a header is a pair. */
type PayloadData = Omit<ConsoleSchemas['Payload'], 'headers'> & {
  readonly headers: readonly (readonly string[])[];
};
type Pairs = readonly (readonly [name: string, value: string])[];

export function PayloadContents({ payload }: { readonly payload: PayloadData }) {
  const { id, method, url, bodyBytes, bodyBase64 } = payload;
  const headers = useMemo<Pairs>(
    () => payload.headers.map(([name = '', value = '']) => [name, value]),
    [payload],
  );
  const contentType = headers.find(([name]) => name.toLowerCase() === 'content-type')?.[1] ?? '';
  const view = useMemo(() => viewBody(bodyBase64, contentType), [bodyBase64, contentType]);
  const isWhole = bodyBase64.length <= LONGEST_INLINE;
  const curl = useMemo(
    () => eventCurl({ id, method, url, headers, bodyBytes, text: isWhole ? view.text : null }),
    [id, method, url, headers, bodyBytes, isWhole, view],
  );
  return (
    <>
      <p className="payload-url">
        <code>{visibleText(`${method} ${url}`)}</code>
      </p>
      <h3>Headers</h3>
      <Headers headers={headers} />
      <div className="payload-body-head">
        <h3>Body</h3>
        <span className="faint">
          {view.kind}, {bytesText(bodyBytes)}
        </span>
        <a className="button" href={`/api/v1/events/${encodeURIComponent(id)}/payload?raw`} download>
          Download
        </a>
      </div>
      <Body view={view} bodyBytes={bodyBytes} />
      <More title="As curl">
        <CurlHint curl={curl} />
        <CommandLine command={curl.command} />
      </More>
    </>
  );
}

/** In base64: what is shown whole. */
const LONGEST_INLINE = 128 * 1024;

function CurlHint({ curl: { file } }: { readonly curl: EventCurl }) {
  if (file === null) return null;
  return (
    <p className="hint">
      Download the body first: the command sends it from <code>{file}</code>.
    </p>
  );
}

function Headers({ headers }: { readonly headers: Pairs }) {
  if (headers.length === 0) return <p className="faint">None.</p>;
  return (
    <table className="headers">
      <thead className="visually-hidden">
        <tr>
          <th scope="col">Name</th>
          <th scope="col">Value</th>
        </tr>
      </thead>
      <tbody>
        {headers.map(([name, value], at) => (
          <tr key={at}>
            <th scope="row">{visibleText(name)}</th>
            <td>{visibleText(value)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
