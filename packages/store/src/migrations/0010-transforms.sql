-- works-from: 10
-- Not 9: a processor of the release before would send what a route transforms as it came.
-- Whether the delivery's route had a `transform` when it was stored: where the file has that route no more, the row says whether
-- its body may go out as it came. null: a processor of the release before has stored it, and it is not known.
alter table deliveries add column transforms boolean;
alter table finished_deliveries add column transforms boolean;
