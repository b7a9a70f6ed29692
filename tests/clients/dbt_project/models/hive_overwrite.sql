{{ config(materialized='incremental', incremental_strategy='insert_overwrite', partitioned_by=['lent_on']) }}
select id, reader, fee, lent_on from {{ ref('stg_loans') }}
{% if is_incremental() %} where lent_on >= date '2024-03-02' {% endif %}
