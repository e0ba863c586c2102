import { z } from 'zod';
import { daysField, durationField } from './fields.ts';

export const retentionSchema = z.strictObject(
  {
    events: daysField('1d', '3650d')
      .prefault('30d')
      .describe(
        'Whole days that events are kept, with their finished deliveries, after the day on which they were stored. One that waits for ' +
          'a route, or has a delivery that is open or parked, is kept until a day after that has ended.',
      ),
    dedup: durationField('8d', '365d')
      .prefault('8d')
      .describe(
        'How long a repeat of an event is known by its dedup key. Where the Kafka topic keeps records for longer, a day more than ' +
          'that. Longer than the provider sends an event again, and than SPOOL_MAX_AGE.',
      ),
  },
  { error: 'must be a map with events and dedup' },
);
