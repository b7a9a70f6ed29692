{{ config(materialized='table', table_type='iceberg', format='parquet', partitioned_by=['day(changed_at)']) }}
select id, reader, fee, cast(changed_at as timestamp(6)) as changed_at, lent_on from {{ ref('stg_loans') }}
