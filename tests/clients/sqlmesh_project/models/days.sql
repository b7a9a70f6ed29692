MODEL (
  name tram.days,
  kind INCREMENTAL_BY_TIME_RANGE (time_column ds),
  partitioned_by (ds)
);

SELECT id, line, price, ds FROM tram.tickets WHERE ds BETWEEN @start_ds AND @end_ds;
