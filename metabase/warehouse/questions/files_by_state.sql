-- title = "Arrivals by feed and state"
-- description = "Files that arrived in the last thirty days, by the feed that takes them and the state that they are in."
-- source = "File ledger, ledger.files"
-- chart = "row"
-- x = "feed"
-- y = "files"
-- series = "state"
-- stack = "stacked"
-- [columns.feed]
-- title = "Feed"
-- [columns.state]
-- title = "State"
-- [columns.files]
-- title = "Files"
-- format = "integer"
-- unit = "files"
SELECT coalesce(feed, '(no feed)') AS feed, state, count(*) AS files
FROM ledger.files
WHERE arrived_at > now() - interval '30 days'
GROUP BY 1, 2
ORDER BY 1, 2
