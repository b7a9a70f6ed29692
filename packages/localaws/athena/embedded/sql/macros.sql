-- DuckDB macros with the edges of Trino's functions. A name that holds "unsure" may stop a query with NOT_SUPPORTED:
-- TRY and TRY_CAST never wrap such a call.
CREATE OR REPLACE TEMP MACRO trino_fail(message) AS CAST(message AS INTEGER);
CREATE OR REPLACE TEMP MACRO trino_fail_unsure(message) AS CAST(message AS INTEGER);
-- decimals
CREATE OR REPLACE TEMP MACRO trino_half_up_unsure(n, d) AS (n // d) + ((n % d) * 2) // d;
CREATE OR REPLACE TEMP MACRO trino_scale_unsure(n, factor) AS n * factor;
-- arrays and maps
CREATE OR REPLACE TEMP MACRO trino_array_concat(a, b) AS
  CASE WHEN a IS NULL OR b IS NULL THEN NULL ELSE list_concat(a, b) END;
CREATE OR REPLACE TEMP MACRO trino_append(a, e) AS CASE WHEN a IS NULL THEN NULL ELSE list_append(a, e) END;
CREATE OR REPLACE TEMP MACRO trino_prepend(e, a) AS CASE WHEN a IS NULL THEN NULL ELSE list_prepend(e, a) END;
CREATE OR REPLACE TEMP MACRO trino_subscript(i, n) AS
  CASE WHEN i = 0 THEN trino_fail('INVALID_FUNCTION_ARGUMENT: SQL array indices start at 1')
       WHEN i < 0 THEN trino_fail('INVALID_FUNCTION_ARGUMENT: Array subscript is negative')
       WHEN i > n THEN trino_fail('INVALID_FUNCTION_ARGUMENT: Array subscript must be less than or equal to array length')
       ELSE i END;
CREATE OR REPLACE TEMP MACRO trino_element_index(i) AS
  CASE WHEN i = 0 THEN trino_fail('INVALID_FUNCTION_ARGUMENT: SQL array indices start at 1') ELSE i END;
CREATE OR REPLACE TEMP MACRO trino_map_get(m, k) AS list_extract(map_extract(m, k), 1);
CREATE OR REPLACE TEMP MACRO trino_map_value(m, k) AS
  list_extract(map_extract(m, k), CASE WHEN m IS NULL OR k IS NULL OR len(map_extract(m, k)) > 0 THEN 1
    ELSE trino_fail('INVALID_FUNCTION_ARGUMENT: Key not present in map') END);
CREATE OR REPLACE TEMP MACRO trino_map_of_pairs_unsure(pairs) AS
  CASE WHEN len(list_filter(pairs, lambda m: m.k IS NOT NULL))
          <> len(list_distinct(list_transform(list_filter(pairs, lambda m: m.k IS NOT NULL), lambda m: m.k)))
       THEN map_from_entries([list_extract(pairs, trino_fail('NOT_SUPPORTED: map_agg of a key that occurs twice'))])
       ELSE map_from_entries(list_filter(pairs, lambda m: m.k IS NOT NULL)) END;
CREATE OR REPLACE TEMP MACRO trino_has_null(a) AS len(list_filter(a, lambda m: m IS NULL)) > 0;
CREATE OR REPLACE TEMP MACRO trino_contains(a, e) AS
  CASE WHEN a IS NULL OR e IS NULL THEN NULL WHEN list_contains(a, e) THEN true
       WHEN trino_has_null(a) THEN NULL ELSE false END;
CREATE OR REPLACE TEMP MACRO trino_array_position(a, e) AS
  CASE WHEN a IS NULL OR e IS NULL THEN NULL ELSE CAST(coalesce(list_position(a, e), 0) AS BIGINT) END;
CREATE OR REPLACE TEMP MACRO trino_array_remove(a, e) AS
  CASE WHEN e IS NULL THEN NULL ELSE list_filter(a, lambda m: m IS NULL OR m <> e) END;
CREATE OR REPLACE TEMP MACRO trino_array_distinct(a) AS
  list_filter(a, lambda m, n: len(list_filter(a[1:n - 1], lambda o: o IS NOT DISTINCT FROM m)) = 0);
CREATE OR REPLACE TEMP MACRO trino_array_union(a, b) AS trino_array_distinct(trino_array_concat(a, b));
CREATE OR REPLACE TEMP MACRO trino_array_intersect(a, b) AS
  CASE WHEN b IS NULL THEN NULL ELSE trino_array_distinct(
    list_filter(a, lambda p: len(list_filter(b, lambda q: q IS NOT DISTINCT FROM p)) > 0)) END;
CREATE OR REPLACE TEMP MACRO trino_array_except(a, b) AS
  CASE WHEN b IS NULL THEN NULL ELSE trino_array_distinct(
    list_filter(a, lambda p: len(list_filter(b, lambda q: q IS NOT DISTINCT FROM p)) = 0)) END;
CREATE OR REPLACE TEMP MACRO trino_arrays_overlap(a, b) AS
  CASE WHEN a IS NULL OR b IS NULL THEN NULL
       WHEN len(list_filter(a, lambda p: p IS NOT NULL AND list_contains(b, p))) > 0 THEN true
       WHEN len(a) > 0 AND len(b) > 0 AND (trino_has_null(a) OR trino_has_null(b)) THEN NULL ELSE false END;
CREATE OR REPLACE TEMP MACRO trino_array_min(a) AS CASE WHEN trino_has_null(a) THEN NULL ELSE list_min(a) END;
CREATE OR REPLACE TEMP MACRO trino_array_max(a) AS CASE WHEN trino_has_null(a) THEN NULL ELSE list_max(a) END;
CREATE OR REPLACE TEMP MACRO trino_array_join(a, separator) AS
  CASE WHEN a IS NULL OR separator IS NULL THEN NULL ELSE coalesce(array_to_string(a, separator), '') END;
CREATE OR REPLACE TEMP MACRO trino_slice(a, start, n) AS
  CASE WHEN a IS NULL OR start IS NULL OR n IS NULL THEN NULL
       WHEN n < 0 THEN [list_extract(a, trino_fail('INVALID_FUNCTION_ARGUMENT: length must be greater than or equal to 0'))]
       WHEN start = 0 THEN [list_extract(a, trino_fail('INVALID_FUNCTION_ARGUMENT: SQL array indices start at 1'))]
       WHEN n = 0 OR abs(start) > len(a) THEN a[1:0]
       WHEN start > 0 THEN a[start:start + n - 1]
       ELSE a[len(a) + start + 1:len(a) + start + n] END;
CREATE OR REPLACE TEMP MACRO trino_sequence3(a, b, s) AS
  CASE WHEN s = 0 OR (b > a AND s < 0) OR (b < a AND s > 0)
       THEN [trino_fail('INVALID_FUNCTION_ARGUMENT: sequence stop value should be on the side of the step')::BIGINT]
       WHEN (b - a) // s >= 10000 THEN [trino_fail('INVALID_FUNCTION_ARGUMENT: result of sequence must not have more than 10000 entries')::BIGINT]
       ELSE generate_series(a, b, s) END;
CREATE OR REPLACE TEMP MACRO trino_sequence2(a, b) AS trino_sequence3(a, b, CASE WHEN a <= b THEN 1 ELSE -1 END);
CREATE OR REPLACE TEMP MACRO trino_date_sequence(a, b, s) AS
  CASE WHEN epoch_us(s) = 0 OR epoch_us(s) % 86400000000 <> 0 OR (b > a AND epoch_us(s) < 0) OR (b < a AND epoch_us(s) > 0)
       THEN [make_date(trino_fail('INVALID_FUNCTION_ARGUMENT: sequence step must be whole days towards stop'), 1, 1)]
       WHEN (b - a) // (epoch_us(s) // 86400000000) >= 10000
       THEN [make_date(trino_fail('INVALID_FUNCTION_ARGUMENT: result of sequence must not have more than 10000 entries'), 1, 1)]
       ELSE list_transform(generate_series(0, (b - a), epoch_us(s) // 86400000000), lambda m: a + m::INTEGER) END;
CREATE OR REPLACE TEMP MACRO trino_repeat(e, n) AS
  CASE WHEN n < 0 THEN [list_extract([e], trino_fail('INVALID_FUNCTION_ARGUMENT: count argument of repeat function must be greater than or equal to 0'))]
       WHEN n > 10000 THEN [list_extract([e], trino_fail('INVALID_FUNCTION_ARGUMENT: count argument of repeat function must be less than or equal to 10000'))]
       WHEN n IS NULL THEN NULL ELSE list_transform(range(n), lambda m: e) END;
CREATE OR REPLACE TEMP MACRO trino_any_match(t) AS
  CASE WHEN t IS NULL THEN NULL WHEN list_contains(t, true) THEN true WHEN trino_has_null(t) THEN NULL ELSE false END;
CREATE OR REPLACE TEMP MACRO trino_all_match(t) AS
  CASE WHEN t IS NULL THEN NULL WHEN list_contains(t, false) THEN false WHEN trino_has_null(t) THEN NULL ELSE true END;
CREATE OR REPLACE TEMP MACRO trino_none_match(t) AS
  CASE WHEN t IS NULL THEN NULL WHEN list_contains(t, true) THEN false WHEN trino_has_null(t) THEN NULL ELSE true END;
CREATE OR REPLACE TEMP MACRO trino_multimap(pairs) AS
  map_from_entries(list_transform(
    list_filter(list_distinct(list_transform(pairs, lambda m: m.k)), lambda k: k IS NOT NULL),
    lambda k: struct_pack(k := k, v := list_transform(list_filter(pairs, lambda m: m.k = k), lambda m: m.v))));
CREATE OR REPLACE TEMP MACRO trino_ngrams(a, n) AS
  CASE WHEN n <= 0 THEN [[list_extract(a, trino_fail('INVALID_FUNCTION_ARGUMENT: N must be positive'))]]
       WHEN n >= len(a) THEN [a] ELSE list_transform(range(1, len(a) - n + 2), lambda i: a[i:i + n - 1]) END;
CREATE OR REPLACE TEMP MACRO trino_trim_array(a, n) AS
  CASE WHEN n < 0 OR n > len(a)
       THEN [list_extract(a, trino_fail('INVALID_FUNCTION_ARGUMENT: size must not exceed array cardinality'))]
       ELSE a[1:len(a) - n] END;
CREATE OR REPLACE TEMP MACRO trino_quantile(sorted, p) AS
  CASE WHEN p < 0 OR p > 1 THEN list_extract(sorted, trino_fail('INVALID_FUNCTION_ARGUMENT: Percentile must be between 0 and 1'))
       ELSE list_extract(sorted, least(CAST(floor(p * len(sorted)) AS BIGINT) + 1, len(sorted))) END;
CREATE OR REPLACE TEMP MACRO trino_offset(n) AS
  CASE WHEN n < 0 THEN trino_fail('INVALID_FUNCTION_ARGUMENT: Offset must be at least 0') ELSE n END;
CREATE OR REPLACE TEMP MACRO trino_random_between(a, b) AS
  CASE WHEN a >= b THEN trino_fail('INVALID_FUNCTION_ARGUMENT: start value must be less than stop value')
       ELSE a + CAST(floor(random() * (CAST(b AS DOUBLE) - a)) AS BIGINT) END;
CREATE OR REPLACE TEMP MACRO trino_random_below(n) AS
  CASE WHEN n <= 0 THEN trino_fail('INVALID_FUNCTION_ARGUMENT: bound must be positive')
       ELSE CAST(floor(random() * n) AS BIGINT) END;
CREATE OR REPLACE TEMP MACRO trino_bit_count(x, bits) AS
  CASE WHEN bits NOT BETWEEN 2 AND 64
       THEN trino_fail('INVALID_FUNCTION_ARGUMENT: Bits specified in bit_count must be between 2 and 64')::BIGINT
       WHEN bits < 64 AND (x < -(1::HUGEINT << (bits - 1)::INTEGER) OR x >= (1::HUGEINT << (bits - 1)::INTEGER))
       THEN trino_fail('INVALID_FUNCTION_ARGUMENT: Number must be representable with the bits specified')::BIGINT
       ELSE bit_count(x) - CASE WHEN x < 0 THEN 64 - bits ELSE 0 END END;
-- numbers
CREATE OR REPLACE TEMP MACRO trino_finite(x) AS CASE WHEN isfinite(x) THEN x END;
CREATE OR REPLACE TEMP MACRO trino_rising_bucket(x, a, b, n) AS
  CASE WHEN x < a THEN 0 WHEN x >= b THEN n + 1 ELSE CAST(floor(n * (x - a) / (b - a) + 1) AS BIGINT) END;
CREATE OR REPLACE TEMP MACRO trino_width_bucket(x, a, b, n) AS
  CASE WHEN n <= 0 THEN trino_fail('INVALID_FUNCTION_ARGUMENT: bucketCount must be greater than 0')::BIGINT
       WHEN isnan(x) OR NOT isfinite(a) OR NOT isfinite(b) OR a = b
       THEN trino_fail('INVALID_FUNCTION_ARGUMENT: bounds must be finite and differ, operand must not be NaN')::BIGINT
       WHEN a < b THEN trino_rising_bucket(x, a, b, n) ELSE n + 1 - trino_rising_bucket(x, b, a, n) END;
CREATE OR REPLACE TEMP MACRO trino_to_base(x, radix) AS
  CASE WHEN radix NOT BETWEEN 2 AND 36 THEN trino_fail('INVALID_FUNCTION_ARGUMENT: Radix must be between 2 and 36')::VARCHAR
       WHEN x < 0 THEN '-' || lower(to_base(-x, radix::INTEGER)) ELSE lower(to_base(x, radix::INTEGER)) END;
-- strings
CREATE OR REPLACE TEMP MACRO trino_whitespace() AS
  chr(9) || chr(10) || chr(11) || chr(12) || chr(13) || chr(28) || chr(29) || chr(30) || chr(31) || ' ' || chr(5760)
  || chr(8192) || chr(8193) || chr(8194) || chr(8195) || chr(8196) || chr(8197) || chr(8198) || chr(8200) || chr(8201)
  || chr(8202) || chr(8232) || chr(8233) || chr(8287) || chr(12288);
CREATE OR REPLACE TEMP MACRO trino_substr2(s, i) AS
  CASE WHEN i = 0 OR abs(i) > length(s) THEN '' ELSE substring(s, i) END;
CREATE OR REPLACE TEMP MACRO trino_substr3(s, i, n) AS
  CASE WHEN s IS NULL OR i IS NULL OR n IS NULL THEN NULL WHEN i = 0 OR n <= 0 OR abs(i) > length(s) THEN ''
       WHEN i > 0 THEN substring(s, i, least(n, length(s))) ELSE substring(s, length(s) + i + 1, least(n, length(s))) END;
CREATE OR REPLACE TEMP MACRO trino_strpos(s, t) AS CASE WHEN t = '' AND s IS NOT NULL THEN 1 ELSE strpos(s, t) END;
CREATE OR REPLACE TEMP MACRO trino_replace_unsure(s, t, r) AS
  CASE WHEN t = '' THEN trino_fail('NOT_SUPPORTED: replace of the empty string')::VARCHAR ELSE replace(s, t, r) END;
CREATE OR REPLACE TEMP MACRO trino_pad(padded, n, pad) AS
  CASE WHEN n < 0 THEN trino_fail('INVALID_FUNCTION_ARGUMENT: Target length must be in the range [0..2147483647]')::VARCHAR
       WHEN pad = '' THEN trino_fail('INVALID_FUNCTION_ARGUMENT: Padding string must not be empty')::VARCHAR ELSE padded END;
CREATE OR REPLACE TEMP MACRO trino_upper(s) AS
  CASE WHEN regexp_full_match(s, '[\x{00}-\x{DE}\x{E0}-\x{FE}]*') THEN upper(s) ELSE trino_unicode_upper(s) END;
CREATE OR REPLACE TEMP MACRO trino_lower(s) AS
  CASE WHEN regexp_full_match(s, '[\x{00}-\x{FF}]*') THEN lower(s) ELSE trino_unicode_lower(s) END;
CREATE OR REPLACE TEMP MACRO trino_reverse(s) AS
  CASE WHEN strlen(s) = length(s) AND strpos(s, chr(13)) = 0 THEN reverse(s) ELSE trino_unicode_reverse(s) END;
CREATE OR REPLACE TEMP MACRO trino_split(s, d) AS
  CASE WHEN d = '' THEN [trino_fail('INVALID_FUNCTION_ARGUMENT: The delimiter may not be the empty string')::VARCHAR]
       ELSE string_split(s, d) END;
CREATE OR REPLACE TEMP MACRO trino_split_part(s, d, i) AS
  CASE WHEN i <= 0 THEN trino_fail('INVALID_FUNCTION_ARGUMENT: Index must be greater than zero')::VARCHAR
       ELSE list_extract(trino_split(s, d), i) END;
CREATE OR REPLACE TEMP MACRO trino_ascii_unsure(s) AS
  CASE WHEN strlen(s) <> length(s) THEN trino_fail('NOT_SUPPORTED: distance of strings beyond ASCII')::VARCHAR ELSE s END;
CREATE OR REPLACE TEMP MACRO trino_codepoint(s) AS
  CASE WHEN length(s) <> 1 THEN trino_fail('INVALID_FUNCTION_ARGUMENT: codepoint expects one character') ELSE unicode(s) END;
CREATE OR REPLACE TEMP MACRO trino_subject_unsure(s, guard) AS
  CASE WHEN regexp_matches(s, guard)
       THEN trino_fail('NOT_SUPPORTED: regular expression on text where Java and RE2 may differ')::VARCHAR ELSE s END;
CREATE OR REPLACE TEMP MACRO trino_text_of_bytes(b) AS coalesce(TRY(decode(b)), trino_from_utf8(b));
-- text to values
CREATE OR REPLACE TEMP MACRO trino_fit(s, n) AS
  CASE WHEN length(s) > n THEN trino_fail('INVALID_CAST_ARGUMENT: Value ' || s || ' cannot be represented as varchar(' || n || ')')::VARCHAR ELSE s END;
CREATE OR REPLACE TEMP MACRO trino_bad_text(s, safe, name) AS
  CASE WHEN safe THEN NULL ELSE trino_fail('INVALID_CAST_ARGUMENT: Cannot cast ''' || s || ''' to ' || name)::VARCHAR END;
CREATE OR REPLACE TEMP MACRO trino_unsure_text(s, name) AS
  trino_fail('NOT_SUPPORTED: cast of ''' || s || ''' to ' || name)::VARCHAR;
CREATE OR REPLACE TEMP MACRO trino_text_of_integer_unsure(s, safe) AS
  CASE WHEN s IS NULL THEN NULL WHEN regexp_full_match(s, '[+-]?[0-9]+') THEN s
       WHEN regexp_matches(s, '\p{Nd}') AND strlen(s) <> length(s) THEN trino_unsure_text(s, 'an integer')
       ELSE trino_bad_text(s, safe, 'an integer') END;
CREATE OR REPLACE TEMP MACRO trino_text_of_double_unsure(s, safe) AS
  CASE WHEN s IS NULL THEN NULL
       WHEN regexp_full_match(s, '[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?|NaN|[+-]?Infinity') THEN s
       WHEN regexp_full_match(s, '[\x{00}-\x{20}]*[+-]?(NaN|Infinity|0[xX].*|([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?[fFdD]?)[\x{00}-\x{20}]*')
       THEN trino_unsure_text(s, 'double')
       ELSE trino_bad_text(s, safe, 'DOUBLE') END;
CREATE OR REPLACE TEMP MACRO trino_text_of_decimal_unsure(s, safe) AS
  CASE WHEN s IS NULL THEN NULL WHEN regexp_full_match(s, '[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)') THEN s
       WHEN regexp_full_match(s, '\s*[+-]?(\p{Nd}+\.?\p{Nd}*|\.\p{Nd}+)([eE][+-]?\p{Nd}+)?\s*') THEN trino_unsure_text(s, 'decimal')
       ELSE trino_bad_text(s, safe, 'DECIMAL') END;
CREATE OR REPLACE TEMP MACRO trino_text_of_boolean_unsure(s, safe) AS
  CASE WHEN s IS NULL THEN NULL WHEN lower(s) IN ('t', 'true', '1') THEN 'true'
       WHEN lower(s) IN ('f', 'false', '0') THEN 'false' ELSE trino_bad_text(s, safe, 'BOOLEAN') END;
CREATE OR REPLACE TEMP MACRO trino_text_of_date_unsure(s, safe) AS
  CASE WHEN s IS NULL THEN NULL WHEN regexp_full_match(s, '\s*\+?[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}\s*') THEN ltrim(trim(s), '+')
       WHEN regexp_full_match(s, '\s*[-+]?\p{Nd}+-\p{Nd}+-\p{Nd}+\s*') THEN trino_unsure_text(s, 'date') ELSE trino_bad_text(s, safe, 'date') END;
CREATE OR REPLACE TEMP MACRO trino_text_of_timestamp_unsure(s, safe) AS
  CASE WHEN s IS NULL THEN NULL
       WHEN regexp_full_match(s, '[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}( ([01]?[0-9]|2[0-3]):[0-9]{1,2}(:[0-9]{1,2}(\.[0-9]{1,6})?)?)?')
       THEN CASE WHEN length(s) - length(replace(s, ':', '')) = 1 THEN s || ':00' ELSE s END
       WHEN regexp_full_match(s, '[-+]?\p{Nd}{4,}-\p{Nd}{1,2}-\p{Nd}{1,2}( \p{Nd}{1,2}:\p{Nd}.*| [A-Z].*)?') AND NOT regexp_matches(s, ' (2[4-9]|[3-9][0-9]):')
       THEN trino_unsure_text(s, 'timestamp')
       ELSE trino_bad_text(s, safe, 'timestamp') END;
CREATE OR REPLACE TEMP MACRO trino_text_of_time_unsure(s, safe) AS
  CASE WHEN s IS NULL THEN NULL
       WHEN regexp_full_match(s, '([01]?[0-9]|2[0-3]):[0-5]?[0-9](:[0-5]?[0-9](\.[0-9]{1,6})?)?')
       THEN CASE WHEN length(s) - length(replace(s, ':', '')) = 1 THEN s || ':00' ELSE s END
       ELSE trino_bad_text(s, safe, 'time') END;
CREATE OR REPLACE TEMP MACRO trino_text_of_uuid_unsure(s, safe) AS
  CASE WHEN s IS NULL THEN NULL
       WHEN regexp_full_match(s, '(?i)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}') THEN s
       ELSE trino_bad_text(s, safe, 'UUID') END;
CREATE OR REPLACE TEMP MACRO trino_time_text(t, digits) AS
  substring(CAST(t AS VARCHAR), 1, 8) || CASE WHEN digits = 0 THEN '' ELSE '.' || lpad(CAST(microsecond(t) % 1000000 AS VARCHAR), 6, '0')[1:digits] END;
CREATE OR REPLACE TEMP MACRO trino_shaped_unsure(s, shape) AS
  CASE WHEN s IS NULL OR regexp_full_match(s, shape) THEN s
       WHEN regexp_matches(s, '\p{Nd}') THEN trino_fail('NOT_SUPPORTED: parsing of ''' || s || ''' whose digits do not fill the pattern')::VARCHAR
       ELSE trino_fail('INVALID_FUNCTION_ARGUMENT: Invalid format: "' || s || '"')::VARCHAR END;
-- dates
CREATE OR REPLACE TEMP MACRO trino_date_plus(d, i) AS
  CASE WHEN epoch_us(i) % 86400000000 <> 0
       THEN make_date(trino_fail('INVALID_FUNCTION_ARGUMENT: Cannot add hour, minutes or seconds to a date'), 1, 1)
       ELSE d + CAST(epoch_us(i) // 86400000000 AS INTEGER) END;
CREATE OR REPLACE TEMP MACRO trino_date_minus(d, i) AS
  CASE WHEN epoch_us(i) % 86400000000 <> 0
       THEN make_date(trino_fail('INVALID_FUNCTION_ARGUMENT: Cannot subtract hour, minutes or seconds from a date'), 1, 1)
       ELSE d - CAST(epoch_us(i) // 86400000000 AS INTEGER) END;
CREATE OR REPLACE TEMP MACRO trino_months(a, b) AS (year(b) - year(a)) * 12 + month(b) - month(a);
CREATE OR REPLACE TEMP MACRO trino_months_between(a, b) AS
  CASE WHEN b >= a THEN trino_months(a, b) - CASE WHEN a + to_months(CAST(trino_months(a, b) AS INTEGER)) > b THEN 1 ELSE 0 END
       ELSE -(trino_months(b, a) - CASE WHEN b + to_months(CAST(trino_months(b, a) AS INTEGER)) > a THEN 1 ELSE 0 END) END;
CREATE OR REPLACE TEMP MACRO trino_round_timestamp(t, unit) AS
  make_timestamp(epoch_us(t) + unit // 2 - ((epoch_us(t) + unit // 2) % unit + unit) % unit);
CREATE OR REPLACE TEMP MACRO trino_timestamp_text(t, digits) AS
  CASE WHEN digits = 0 THEN strftime(t, '%Y-%m-%d %H:%M:%S')
       ELSE strftime(t, '%Y-%m-%d %H:%M:%S.') || substring(strftime(t, '%f'), 1, digits) END;
CREATE OR REPLACE TEMP MACRO trino_offset_text(minutes) AS
  CASE WHEN minutes < 0 THEN '-' ELSE '+' END || lpad(CAST(abs(minutes) // 60 AS VARCHAR), 2, '0') || ':' || lpad(CAST(abs(minutes) % 60 AS VARCHAR), 2, '0');
CREATE OR REPLACE TEMP MACRO trino_iso8601_unsure(s) AS
  CAST(replace(CASE WHEN regexp_full_match(s, '\d{4}-\d{2}-\d{2}') THEN s || 'T00:00:00' WHEN regexp_full_match(s, '\d{4}-\d{2}-\d{2}T\d{2}') THEN s || ':00:00'
    WHEN regexp_full_match(s, '\d{4}-\d{2}-\d{2}T\d{2}:\d{2}') THEN s || ':00'
    ELSE trino_shaped_unsure(s, '\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,3})?Z?') END, 'Z', '') AS TIMESTAMP) AT TIME ZONE 'UTC';
-- Arrow counts the part of an interval below a day in 64 bits of nanoseconds: whole days stand apart from it.
CREATE OR REPLACE TEMP MACRO trino_day_interval(micros) AS
  to_days(CAST((micros) // 86400000000 AS INTEGER)) + to_microseconds(CAST((micros) % 86400000000 AS BIGINT));
CREATE OR REPLACE TEMP MACRO trino_interval_months(i) AS year(i) * 12 + month(i);
CREATE OR REPLACE TEMP MACRO trino_timestamp_sequence(a, b, s) AS
  CASE WHEN epoch_us(s) = 0 OR (b > a AND epoch_us(s) < 0) OR (b < a AND epoch_us(s) > 0)
       THEN [make_timestamp(trino_fail('INVALID_FUNCTION_ARGUMENT: sequence stop value should be on the side of the step')::BIGINT)]
       WHEN (epoch_us(b) - epoch_us(a)) // epoch_us(s) >= 10000
       THEN [make_timestamp(trino_fail('INVALID_FUNCTION_ARGUMENT: result of sequence must not have more than 10000 entries')::BIGINT)]
       ELSE list_transform(generate_series(epoch_us(a), epoch_us(b), epoch_us(s)), lambda m: make_timestamp(m)) END;
CREATE OR REPLACE TEMP MACRO trino_month_sequence(a, b, s) AS
  CASE WHEN trino_interval_months(s) = 0 OR (b > a AND trino_interval_months(s) < 0) OR (b < a AND trino_interval_months(s) > 0)
       THEN [make_timestamp(trino_fail('INVALID_FUNCTION_ARGUMENT: sequence stop value should be on the side of the step')::BIGINT)]
       WHEN trino_months_between(a::TIMESTAMP, b::TIMESTAMP) // trino_interval_months(s) >= 10000
       THEN [make_timestamp(trino_fail('INVALID_FUNCTION_ARGUMENT: result of sequence must not have more than 10000 entries')::BIGINT)]
       ELSE list_transform(generate_series(0, trino_months_between(a::TIMESTAMP, b::TIMESTAMP), trino_interval_months(s)),
                           lambda m: a::TIMESTAMP + to_months(m::INTEGER)) END;
