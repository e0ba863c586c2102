import { EmptyState } from './empty-state.tsx';

/** In place of what is about all tenants, for who is signed in for one. */
export function NotOfTenant({ what, tenant }: { readonly what: string; readonly tenant: string }) {
  return (
    <EmptyState title={`${what} are about all tenants`}>
      You are signed in for the tenant {tenant}, which has its own events, parked deliveries and sources to
      see. Who runs Ackline can tell you about the rest, or give you a token without a tenant.
    </EmptyState>
  );
}
