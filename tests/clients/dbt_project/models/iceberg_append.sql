{{ config(materialized='incremental', incremental_strategy='append', table_type='iceberg') }}
select id, reader, fee from {{ ref('stg_loans') }}
{% if is_incremental() %} where id > 4 {% endif %}
