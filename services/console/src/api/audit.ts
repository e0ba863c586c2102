import { z } from 'zod';
import { named, pageOf, time } from './named-schemas.ts';
import { name, none, paging } from './queries.ts';
import type { Routes } from './route.ts';

const auditEntry = named(
  'AuditEntry',
  'What somebody did.',
  z.object({
    id: z.string(),
    at: time,
    actor: z.string(),
    action: z.string(),
    subject: z.string(),
    details: z.record(z.string(), z.union([z.string(), z.number()])),
  }),
);

const auditPage = pageOf('AuditPage', 'What was done, the newest first.', auditEntry);

export const auditRoutes = {
  listAudit: {
    method: 'get',
    path: '/audit',
    summary: 'Who did what, the newest first',
    scope: 'view',
    tenants: 'all',
    params: none,
    query: z.strictObject({
      ...paging,
      actor: name.optional(),
      action: name.optional(),
      subject: name.optional(),
    }),
    body: null,
    status: 200,
    answer: auditPage,
    media: [],
  },
} as const satisfies Routes;
