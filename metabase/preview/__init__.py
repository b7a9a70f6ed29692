"""Every dashboard on one offline page, drawn from the same files and queries as in Metabase."""
