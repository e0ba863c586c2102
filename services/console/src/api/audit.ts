import { z } from 'zod';
import { named, pageOf, time } from './named-schemas.ts';
import { name, none, paging } from './queries.ts';
import type { Routes } from './route.ts';

/** A person by the id of their provider; a cause. */
const MAX_TEXT_LENGTH = 1_024;
const text = z.string().min(1).max(MAX_TEXT_LENGTH);

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
      actor: text.optional(),
      action: name.optional(),
      subject: text.optional(),
    }),
    body: null,
    status: 200,
    answer: auditPage,
    media: [],
  },
} as const satisfies Routes;
