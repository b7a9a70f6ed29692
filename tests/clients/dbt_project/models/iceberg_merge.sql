{{ config(materialized='incremental', incremental_strategy='merge', table_type='iceberg', unique_key='id',
          delete_condition="src.reader = 'rui'", on_schema_change='append_new_columns') }}
select id, reader, fee, cast(changed_at as timestamp(6)) as changed_at
{% if var('wider', false) %}, book {% endif %}
from {{ ref('stg_loans') }}
{% if is_incremental() %} where id >= 2 {% endif %}
