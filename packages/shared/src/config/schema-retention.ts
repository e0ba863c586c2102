import { z } from 'zod';
import { daysField, durationField } from './fields.ts';

export const retentionSchema = z.strictObject(
  {
    events: daysField('1d', '3650d')
      .prefault('30d')
      .describe(
        'Whole days that events are to be kept, after the day on which they were stored. Nothing removes them yet.',
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
