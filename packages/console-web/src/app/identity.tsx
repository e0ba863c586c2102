import { useQuery, useQueryClient } from '@tanstack/react-query';
import { callerQuery, signOut } from '../api/session.ts';
import { Button } from '../components/button.tsx';
import { useToast } from '../components/toast.tsx';

/** Who I am, and the way out. */
export function Identity() {
  const { data: caller } = useQuery(callerQuery);
  const queryClient = useQueryClient();
  const toast = useToast();
  if (caller === undefined) return null;
  const leave = () =>
    signOut().then(
      () => queryClient.resetQueries(),
      (error: unknown) => toast.failed(error),
    );
  const about = caller.tenant === null ? 'all tenants' : `tenant ${caller.tenant}`;
  return (
    <div className="shell-identity">
      <span title={`May: ${caller.scopes.join(', ') || 'nothing'}`}>
        <span className="visually-hidden">Signed in as </span>
        {caller.name.replace(/^token:/, '')}
        <small>{about}</small>
      </span>
      {caller.by === 'session' && (
        <Button kind="quiet" onPress={() => void leave()}>
          Sign out
        </Button>
      )}
    </div>
  );
}
