{{ config(materialized='table') }}
select r.reader, r.town, r.is_member, count(l.id) as loans, sum(l.fee) as fees, min(l.lent_on) as first_loan
from {{ ref('raw_readers') }} r left join {{ ref('stg_loans') }} l on l.reader = r.reader
group by 1, 2, 3
