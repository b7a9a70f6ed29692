{{ config(materialized='view') }}
select id, reader, book, cast(fee as decimal(10, 2)) as fee, lent_on, cast(changed_at as timestamp) as changed_at
from {{ ref('raw_loans') }}
