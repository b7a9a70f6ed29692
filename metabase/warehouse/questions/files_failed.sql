-- title = "Files that failed"
-- description = "Files in state Fail now: each needs a correction, a new version, or `estrela ledger retry`."
-- source = "File ledger, ledger.files"
-- chart = "scalar"
-- y = "files"
-- [columns.files]
-- title = "Failed"
-- format = "integer"
-- unit = "files"
SELECT count(*) AS files
FROM ledger.files
WHERE state = 'Fail'
