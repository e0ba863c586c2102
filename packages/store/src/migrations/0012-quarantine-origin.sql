-- works-from: 10
-- The topic of a record of Kafka: with its place in `origin` it says which one it is, so that a batch that is read again leaves no second
-- row. Without it the place alone is not enough: a topic that was made anew counts from 0. null: a row of the inbox, an event that is
-- stored, or a record that the release before has kept.
alter table quarantine add column topic_id text;
create unique index quarantine_of_topic on quarantine (topic_id, origin) where topic_id is not null;
