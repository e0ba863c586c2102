import type { Absentee } from '../rounds.ts';

/** Whole programs that a user would pick instead. None can be had by its package, and none is imitated. */
export const absentPeers: readonly Absentee[] = [
  {
    name: 'Convoy',
    meaning: { durable: true, text: 'stores and delivers events, PostgreSQL and Redis' },
    reason:
      "can't be installed here: the Go proxy does not carry it, and its releases are images and archives",
  },
  {
    name: 'Outpost',
    meaning: { durable: true, text: 'delivers events, PostgreSQL, Redis and a message queue' },
    reason: "can't be installed here: the Go proxy does not carry it, and its releases are images",
  },
  {
    name: 'svix-server',
    meaning: { durable: true, text: 'stores and delivers messages, PostgreSQL and Redis' },
    reason: "can't be installed here: crates.io does not carry it, and its releases are images and archives",
  },
];
