-- title = "Late feeds"
-- description = "Feeds whose file was due and has not come since, as `estrela ledger notify` found them."
-- empty = "No feed is late, or `estrela ledger notify` has not run yet."
-- source = "File ledger, ledger.messages"
-- chart = "table"
-- [columns.feed]
-- title = "Feed"
-- [columns.found_late]
-- title = "Found late (UTC)"
-- [columns.times]
-- title = "Due times missed"
-- format = "integer"
SELECT
  m.feed, to_char(min(m.made_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') AS found_late, count(*) AS times
FROM ledger.messages m
WHERE m.kind = 'late' AND NOT EXISTS (
  SELECT 1 FROM ledger.files f WHERE f.feed = m.feed AND f.state <> 'Rejected' AND f.registered_at > m.made_at
)
GROUP BY m.feed
ORDER BY min(m.made_at)
