{{ config(materialized='table', format='parquet', partitioned_by=['lent_on']) }}
select id, reader, fee, changed_at, lent_on from {{ ref('stg_loans') }}
