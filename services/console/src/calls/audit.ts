import { pageAudit } from '@ackline/store/audit';
import type { Pool } from 'pg';
import type { auditRoutes } from '../api/audit.ts';
import type { CallsOf } from './call.ts';
import { readNumberCursor } from './cursors.ts';

export function createAuditCalls({ reads }: { readonly reads: Pool }): CallsOf<typeof auditRoutes> {
  return {
    async listAudit({ query: { limit, cursor, ...filter } }) {
      const page = await pageAudit(reads, filter, { before: readNumberCursor(cursor), limit });
      return {
        json: {
          items: page.found.map(({ id, at, actor, action, subject, details }) => ({
            id,
            at: at.toISOString(),
            actor,
            action,
            subject,
            details: { ...details },
          })),
          next: page.last?.id ?? null,
          scannedTo: page.isCut ? (page.last?.at.toISOString() ?? null) : null,
        },
      };
    },
  };
}
