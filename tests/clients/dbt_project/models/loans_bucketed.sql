{{ config(materialized='table', format='orc', bucketed_by=['id'], bucket_count=3) }}
select id, reader, fee from {{ ref('stg_loans') }}
