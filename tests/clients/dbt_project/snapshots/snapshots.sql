{% snapshot loans_snapshot %}
{{ config(target_schema=env_var('SCHEMA') ~ '_history', unique_key='id', strategy='timestamp', updated_at='changed_at',
          table_type='iceberg') }}
select id, reader, fee, cast(changed_at as timestamp) as changed_at from {{ ref('raw_loans') }}
{% endsnapshot %}

{% snapshot readers_snapshot %}
{{ config(target_schema=env_var('SCHEMA') ~ '_history', unique_key='reader', strategy='check',
          check_cols=['town', 'is_member'], table_type='iceberg') }}
select reader, town, is_member from {{ ref('raw_readers') }}
{% endsnapshot %}
