import type { ConsoleSchemas } from '@ackline/console-client/client';
import { Age } from '../../components/age.tsx';
import { numberText } from '../../components/count-text.ts';
import { PlaceText } from '../../components/place-text.tsx';
import { StateBadge } from '../../components/state-badge.tsx';

type Secret = ConsoleSchemas['Secret'];

interface SecretTableProps {
  readonly source: string;
  readonly secrets: readonly Secret[];
}

/** Where the values are, since when, and whether they are still needed: what one has to know to rotate them. */
export function SecretTable({ source, secrets }: SecretTableProps) {
  if (secrets.length === 0)
    return <p className="card-note">It has no secret: whoever knows its URL is believed.</p>;
  return (
    <table className="secrets">
      <caption className="visually-hidden">Secrets of {source}</caption>
      <thead>
        <tr>
          <th scope="col">Secret</th>
          <th scope="col">First seen</th>
          <th scope="col">Last used</th>
          <th scope="col">Requests</th>
        </tr>
      </thead>
      <tbody>
        {secrets.map(secret => (
          <SecretRow key={secret.reference} secret={secret} />
        ))}
      </tbody>
    </table>
  );
}

function SecretRow({ secret }: { readonly secret: Secret }) {
  const { reference, place, firstListedAt, lastUsedAt, uses, othersSince, safeToRemove } = secret;
  return (
    <tr>
      <th scope="row">
        <code>{reference}</code> <PlaceText place={place} />
      </th>
      <td data-label="First seen">
        {firstListedAt === null ? (
          <span className="faint">no ingress has told</span>
        ) : (
          <Age at={firstListedAt} />
        )}
      </td>
      <td data-label="Last used">{lastUsedAt === null ? 'never' : <Age at={lastUsedAt} />}</td>
      <td data-label="Requests">
        {numberText(uses)}
        {safeToRemove && (
          <StateBadge
            tone="idle"
            text="safe to remove"
            title={`Its other secrets have proved ${numberText(othersSince)} requests since`}
          />
        )}
      </td>
    </tr>
  );
}
