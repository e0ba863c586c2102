import type { Absentee } from '../rounds.ts';

/** Whole programs that a user would pick instead. None can be had by its package, and none is imitated. */
export const absentPeers: readonly Absentee[] = [
  {
    name: 'Convoy',
    meaning: { durable: true, text: 'stores and delivers events, PostgreSQL and Redis' },
    reason: 'not measured: its releases are images and archives, no package',
  },
  {
    name: 'Outpost',
    meaning: { durable: true, text: 'delivers events, PostgreSQL, Redis and a message queue' },
    reason: 'not measured: its releases are images, no package',
  },
  {
    name: 'svix-server',
    meaning: { durable: true, text: 'stores and delivers messages, PostgreSQL and Redis' },
    reason: 'not measured: its releases are images and archives, no package',
  },
];
