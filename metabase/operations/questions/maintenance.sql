-- title = "Last maintenance"
-- description = "Snapshots and files that the newest maintenance of the star removed, and those that remain."
-- source = "Estrela, ops.maintenance"
-- caveats = ["Runs that only counted are left out."]
-- empty = "No data yet: figures appear after the first maintenance, which runs weekly."
-- chart = "table"
-- [columns.maintained]
-- title = "Maintained (UTC)"
-- [columns.tables]
-- title = "Tables"
-- format = "integer"
-- [columns.tags_dropped]
-- title = "Tags dropped"
-- format = "integer"
-- [columns.snapshots_expired]
-- title = "Snapshots expired"
-- format = "integer"
-- [columns.files_compacted]
-- title = "Small files merged"
-- format = "integer"
-- [columns.orphans_removed]
-- title = "Orphans removed"
-- format = "integer"
-- [columns.data_files]
-- title = "Data files left"
-- format = "integer"
-- [columns.snapshots]
-- title = "Snapshots left"
-- format = "integer"
-- [columns.answers_retired]
-- title = "Raw answers retired"
-- format = "integer"
-- [columns.kilobytes_removed]
-- title = "Raw removed"
-- format = "integer"
-- unit = "kB"
SELECT
  date_format(max(maintained_at), '%Y-%m-%d %H:%i') AS maintained,
  count_if(table_name NOT LIKE 'raw/%') AS tables,
  coalesce(sum(tags_dropped), 0) AS tags_dropped,
  coalesce(sum(snapshots_expired), 0) AS snapshots_expired,
  coalesce(sum(files_compacted), 0) AS files_compacted,
  coalesce(sum(orphans_removed), 0) AS orphans_removed,
  coalesce(sum(data_files), 0) AS data_files,
  coalesce(sum(snapshots), 0) AS snapshots,
  coalesce(sum(answers_retired), 0) AS answers_retired,
  CAST(round(coalesce(sum(bytes_removed), 0) / 1000.0) AS bigint) AS kilobytes_removed
FROM {star}.maintenance
WHERE NOT is_dry_run
  AND maintained_at = (SELECT max(maintained_at) FROM {star}.maintenance WHERE NOT is_dry_run)
HAVING count(*) > 0
