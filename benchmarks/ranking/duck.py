"""DuckDB with two threads. It writes Parquet in partition folders, without a table format."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter

import duckdb

from ranking.best import COUNTS, FIELDS
from ranking.work import Output, Work

TYPED = f"""
SELECT try_cast(ano AS integer) AS year, try_cast(trimestre[1] AS integer) AS quarter,
  CASE WHEN categoria[:3] = 'Top' OR categoria[:4] = 'Mais' THEN 'top' ELSE 'secondary' END AS size_group,
  CASE WHEN tipo = 'Conglomerado' THEN 'conglomerate' ELSE 'bank' END AS kind,
  nullif(trim(cnpj), '') AS cnpj_root, trim(nome) AS institution_name,
  try_cast(replace(replace(trim(indice), '.', ''), ',', '.') AS decimal(18,2)) AS published_index,
  {", ".join(f"try_cast(n_{name} AS bigint) AS {name}" for name in COUNTS)},
  parse_filename(filename) AS source_file,
  CASE WHEN n_clients_scr IS NULL THEN concat_ws(';', {", ".join(FIELDS)})
    ELSE concat_ws(';', {", ".join(FIELDS)}) || ';' END AS raw_line,
  CASE
    WHEN n_clients_scr IS NULL THEN 'missing_fields'
    WHEN NOT coalesce(quarter BETWEEN 1 AND 4, false) THEN 'bad_quarter'
    WHEN cnpj_root IS NOT NULL AND NOT regexp_full_match(cnpj_root, '[0-9]{{8}}') THEN 'bad_cnpj'
    WHEN {" OR ".join(f"{name} IS NULL" for name in COUNTS)} THEN 'not_a_number'
    WHEN least({", ".join(COUNTS)}) < 0 THEN 'negative_count'
  END AS reason
FROM read_csv($files, columns = $columns, delim = ';', header = true, encoding = 'latin-1', quote = '', escape = '',
  null_padding = true, auto_detect = false, filename = true)
"""
LISTED = """
SELECT lpad(CNPJ, 8, '0') AS listed, (hash(listed) >> 1)::bigint AS institution_key
FROM read_csv($segments, delim = '\t', header = true, all_varchar = true)
"""
PARTITIONED = "FORMAT parquet, COMPRESSION zstd, PARTITION_BY (year, quarter), WRITE_PARTITION_COLUMNS true"


def run(work: Work) -> Output:
    """Write the three results below ``work.out``."""
    start = perf_counter()
    work.out.mkdir(parents=True)
    with duckdb.connect(str(work.out / "work.duckdb")) as db:
        db.execute("SET threads = 2; SET memory_limit = '4GB'; SET preserve_insertion_order = false")
        columns = dict.fromkeys((*FIELDS, "closing"), "VARCHAR")
        files = [str(path) for path in work.files.values()]
        db.execute(f"CREATE TEMP TABLE parsed AS {TYPED}", {"files": files, "columns": columns})
        db.execute(f"CREATE TEMP TABLE listed AS {LISTED}", {"segments": str(work.segments)})
        parsed = perf_counter()
        good = "FROM parsed {} WHERE reason IS NULL ORDER BY year, quarter, {}"
        typed = f"SELECT parsed.* EXCLUDE (raw_line, reason) {good.format('', 'institution_name')}"
        keyed = (
            "SELECT coalesce(institution_key, 0) AS institution_key, parsed.* EXCLUDE (raw_line, reason) "
            + good.format("LEFT JOIN listed ON cnpj_root = listed", "institution_key")
        )
        db.execute(f"COPY ({typed}) TO '{work.out}/typed' ({PARTITIONED})")
        db.execute(f"COPY ({keyed}) TO '{work.out}/looked_up' ({PARTITIONED})")
        rejects = "SELECT source_file, reason, raw_line FROM parsed WHERE reason IS NOT NULL"
        db.execute(f"COPY ({rejects}) TO '{work.out}/rejects.parquet' (FORMAT parquet, COMPRESSION zstd)")
    seconds = {"parse": parsed - start, "results": perf_counter() - parsed}
    return Output(
        _below(work.out / "typed"), _below(work.out / "looked_up"), [f"{work.out}/rejects.parquet"], "reason", seconds
    )


def _below(folder: Path) -> list[str]:
    return sorted(str(path) for path in folder.rglob("*.parquet"))
