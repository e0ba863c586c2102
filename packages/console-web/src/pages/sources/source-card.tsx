import type { ConsoleSchemas } from '@ackline/console-client/client';
import { Link } from '@tanstack/react-router';
import { Card } from '../../components/card-list.tsx';
import { CommandLine } from '../../components/command-line.tsx';
import { PlaceText } from '../../components/place-text.tsx';
import { useScope } from '../../components/use-scope.ts';
import { SecretTable } from './secret-table.tsx';
import { SendSample } from './send-sample.tsx';

type Source = ConsoleSchemas['Source'];

export function SourceCard({ source }: { readonly source: Source }) {
  const { name, provider, tenant, place, aliases, secrets } = source;
  const mayOperate = useScope('operate');
  return (
    <Card
      title={name}
      end={
        <>
          <Link to="/events" search={{ source: name }}>
            Its events
          </Link>
          <Link to="/rejected" search={{ source: name }}>
            What was refused
          </Link>
        </>
      }
    >
      <div className="card-line">
        <span>{provider}</span>
        <span>tenant {tenant}</span>
        <PlaceText place={place} />
      </div>
      <Url source={source} />
      {aliases.length > 0 && (
        <div className="card-line">
          <span>
            Also at <code>{aliases.join(', ')}</code>
          </span>
        </div>
      )}
      <SecretTable source={name} secrets={secrets} />
      <div className="source-sample">
        {mayOperate && <SendSample source={name} />}
        <span className="hint">A sample, signed as {provider} would, from the machine of Ackline:</span>
        <CommandLine command={`npx ackline send ${name}`} what={`command for a sample of ${name}`} />
      </div>
    </Card>
  );
}

function Url({ source: { name, provider, url, path } }: { readonly source: Source }) {
  if (url !== null) {
    return (
      <div>
        <span className="hint">What {provider} is to call:</span>
        <CommandLine command={url} what={`URL of ${name}`} />
      </div>
    );
  }
  return (
    <p className="card-note">
      Its path is <code>{path}</code>. Set <code>publicUrl</code> in ackline.yaml, and the whole URL for the
      provider is here.
    </p>
  );
}
