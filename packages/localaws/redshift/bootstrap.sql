-- What Redshift has and PostgreSQL has not, or has otherwise: looked up before PostgreSQL's own by search_path.
-- Bodies in SQL's standard form are bound here and inlined by the planner.

CREATE SCHEMA rs;
CREATE SEQUENCE rs.query_id START 1001;

CREATE FUNCTION rs.refuse(what text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'NOT_SUPPORTED: % is not supported, because the result could differ from Redshift''s', what USING ERRCODE = '0A000'; END $$;

-- Trailing blanks do not count when texts are compared (r_Character_types.html).
CREATE FUNCTION rs.text_eq(text, text) RETURNS boolean IMMUTABLE STRICT PARALLEL SAFE RETURN rtrim($1) = rtrim($2);
CREATE FUNCTION rs.text_ne(text, text) RETURNS boolean IMMUTABLE STRICT PARALLEL SAFE RETURN rtrim($1) <> rtrim($2);
CREATE FUNCTION rs.text_lt(text, text) RETURNS boolean IMMUTABLE STRICT PARALLEL SAFE RETURN rtrim($1) < rtrim($2);
CREATE FUNCTION rs.text_le(text, text) RETURNS boolean IMMUTABLE STRICT PARALLEL SAFE RETURN rtrim($1) <= rtrim($2);
CREATE FUNCTION rs.text_gt(text, text) RETURNS boolean IMMUTABLE STRICT PARALLEL SAFE RETURN rtrim($1) > rtrim($2);
CREATE FUNCTION rs.text_ge(text, text) RETURNS boolean IMMUTABLE STRICT PARALLEL SAFE RETURN rtrim($1) >= rtrim($2);
CREATE OPERATOR rs.= (LEFTARG = text, RIGHTARG = text, FUNCTION = rs.text_eq, RESTRICT = eqsel, JOIN = eqjoinsel);
CREATE OPERATOR rs.<> (LEFTARG = text, RIGHTARG = text, FUNCTION = rs.text_ne, RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR rs.< (LEFTARG = text, RIGHTARG = text, FUNCTION = rs.text_lt);
CREATE OPERATOR rs.<= (LEFTARG = text, RIGHTARG = text, FUNCTION = rs.text_le);
CREATE OPERATOR rs.> (LEFTARG = text, RIGHTARG = text, FUNCTION = rs.text_gt);
CREATE OPERATOR rs.>= (LEFTARG = text, RIGHTARG = text, FUNCTION = rs.text_ge);

-- The scale of a quotient follows from declared precisions, which a value does not carry (r_numeric_computations201.html).
CREATE FUNCTION rs.numeric_div(numeric, numeric) RETURNS numeric LANGUAGE plpgsql AS $$
BEGIN PERFORM rs.refuse('division of DECIMAL; cast to DOUBLE PRECISION'); RETURN NULL; END $$;
CREATE OPERATOR rs./ (LEFTARG = numeric, RIGHTARG = numeric, FUNCTION = rs.numeric_div);

-- Casts that would round, or read what Redshift may read otherwise.
CREATE FUNCTION rs.whole(smallint) RETURNS smallint IMMUTABLE STRICT PARALLEL SAFE RETURN $1;
CREATE FUNCTION rs.whole(integer) RETURNS integer IMMUTABLE STRICT PARALLEL SAFE RETURN $1;
CREATE FUNCTION rs.whole(bigint) RETURNS bigint IMMUTABLE STRICT PARALLEL SAFE RETURN $1;
CREATE FUNCTION rs.whole(boolean) RETURNS integer IMMUTABLE STRICT PARALLEL SAFE RETURN $1::integer;
CREATE FUNCTION rs.whole(text) RETURNS text IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN $1 ~ '[_xXoObB]' THEN rs.refuse('the integer ' || $1) ELSE $1 END;
CREATE FUNCTION rs.whole(numeric) RETURNS numeric IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN $1 <> trunc($1) THEN rs.refuse('a cast of ' || $1 || ' to an integer')::numeric ELSE $1 END;
CREATE FUNCTION rs.whole(double precision) RETURNS double precision IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN $1 <> trunc($1) THEN rs.refuse('a cast of ' || $1 || ' to an integer')::float8 ELSE $1 END;
CREATE FUNCTION rs.scaled(numeric, integer) RETURNS numeric IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN round($1, $2) <> $1 THEN rs.refuse('a cast of ' || $1 || ' to scale ' || $2)::numeric ELSE $1 END;
CREATE FUNCTION rs.scaled(smallint, integer) RETURNS numeric IMMUTABLE STRICT PARALLEL SAFE RETURN $1::numeric;
CREATE FUNCTION rs.scaled(integer, integer) RETURNS numeric IMMUTABLE STRICT PARALLEL SAFE RETURN $1::numeric;
CREATE FUNCTION rs.scaled(bigint, integer) RETURNS numeric IMMUTABLE STRICT PARALLEL SAFE RETURN $1::numeric;
CREATE FUNCTION rs.scaled(text, integer) RETURNS numeric IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN $1 !~ '^\s*[-+]?\d*\.?\d*\s*$' THEN rs.refuse('the number ' || $1)::numeric
        ELSE rs.scaled($1::numeric, $2) END;
CREATE FUNCTION rs.scaled(double precision, integer) RETURNS numeric IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN round($1::numeric, $2)::float8 <> $1 THEN rs.refuse('a cast of ' || $1 || ' to scale ' || $2)::numeric
        ELSE round($1::numeric, $2) END;
CREATE FUNCTION rs.as_text(text) RETURNS text IMMUTABLE STRICT PARALLEL SAFE RETURN $1;
CREATE FUNCTION rs.as_text(smallint) RETURNS text IMMUTABLE STRICT PARALLEL SAFE RETURN $1::text;
CREATE FUNCTION rs.as_text(integer) RETURNS text IMMUTABLE STRICT PARALLEL SAFE RETURN $1::text;
CREATE FUNCTION rs.as_text(bigint) RETURNS text IMMUTABLE STRICT PARALLEL SAFE RETURN $1::text;
CREATE FUNCTION rs.as_text(numeric) RETURNS text IMMUTABLE STRICT PARALLEL SAFE RETURN $1::text;
CREATE FUNCTION rs.as_text(date) RETURNS text STABLE STRICT PARALLEL SAFE RETURN $1::text;
CREATE FUNCTION rs.as_text(timestamp) RETURNS text STABLE STRICT PARALLEL SAFE RETURN $1::text;
CREATE FUNCTION rs.as_text(double precision) RETURNS text LANGUAGE sql RETURN rs.refuse('a floating-point number as text');
CREATE FUNCTION rs.as_text(boolean) RETURNS text LANGUAGE sql RETURN rs.refuse('a boolean as text');
-- An explicit cast cuts a text to so many bytes, at the end of a character.
CREATE FUNCTION rs.cut(value text, size integer) RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$
DECLARE kept text := left(value, size);
BEGIN
    WHILE octet_length(kept) > size LOOP kept := left(kept, -greatest(1, (octet_length(kept) - size) / 4)); END LOOP;
    RETURN kept;
END $$;
CREATE FUNCTION rs.fitting(text, integer) RETURNS text IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN octet_length($1) > $2 THEN rs.cut($1, $2) ELSE $1 END;
CREATE FUNCTION rs.as_time(text) RETURNS text IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN $1 !~ '^\s*\d{4}-?\d\d-?\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?([-+]\d\d(:?\d\d)?|Z)?)?\s*$'
        THEN rs.refuse('the time ' || $1) ELSE $1 END;
CREATE FUNCTION rs.as_time(date) RETURNS date IMMUTABLE STRICT PARALLEL SAFE RETURN $1;
CREATE FUNCTION rs.as_time(timestamp) RETURNS timestamp IMMUTABLE STRICT PARALLEL SAFE RETURN $1;
CREATE FUNCTION rs.as_time(timestamptz) RETURNS timestamptz IMMUTABLE STRICT PARALLEL SAFE RETURN $1;

-- Numbers. ROUND of floating-point numbers is refused: the two may break ties differently.
CREATE FUNCTION rs.round(numeric) RETURNS numeric IMMUTABLE STRICT PARALLEL SAFE RETURN pg_catalog.round($1);
CREATE FUNCTION rs.round(numeric, integer) RETURNS numeric IMMUTABLE STRICT PARALLEL SAFE RETURN pg_catalog.round($1, $2);
CREATE FUNCTION rs.round(double precision) RETURNS double precision LANGUAGE sql
    RETURN rs.refuse('ROUND of DOUBLE PRECISION')::float8;
CREATE FUNCTION rs.round(double precision, integer) RETURNS double precision LANGUAGE sql
    RETURN rs.refuse('ROUND of DOUBLE PRECISION')::float8;
CREATE FUNCTION rs.trunc(numeric) RETURNS numeric IMMUTABLE STRICT PARALLEL SAFE RETURN pg_catalog.trunc($1);
CREATE FUNCTION rs.trunc(numeric, integer) RETURNS numeric IMMUTABLE STRICT PARALLEL SAFE RETURN pg_catalog.trunc($1, $2);
CREATE FUNCTION rs.trunc(double precision) RETURNS double precision IMMUTABLE STRICT PARALLEL SAFE
    RETURN pg_catalog.trunc($1);
CREATE FUNCTION rs.trunc(timestamp) RETURNS date IMMUTABLE STRICT PARALLEL SAFE RETURN $1::date;

-- AVG of integers is an integer (r_AVG.html).
CREATE FUNCTION rs.avg_add(numeric[], bigint) RETURNS numeric[] IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN $2 IS NULL THEN $1 ELSE ARRAY[$1[1] + $2, $1[2] + 1] END;
CREATE FUNCTION rs.avg_end(numeric[]) RETURNS bigint IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN $1[2] > 0 THEN pg_catalog.trunc($1[1] / $1[2])::bigint END;
CREATE AGGREGATE rs.avg(bigint) (SFUNC = rs.avg_add, STYPE = numeric[], FINALFUNC = rs.avg_end, INITCOND = '{0,0}');
CREATE FUNCTION rs.avg_add(numeric[], integer) RETURNS numeric[] IMMUTABLE PARALLEL SAFE
    RETURN rs.avg_add($1, $2::bigint);
CREATE AGGREGATE rs.avg(integer) (SFUNC = rs.avg_add, STYPE = numeric[], FINALFUNC = rs.avg_end, INITCOND = '{0,0}');
CREATE FUNCTION rs.avg_add(numeric[], smallint) RETURNS numeric[] IMMUTABLE PARALLEL SAFE
    RETURN rs.avg_add($1, $2::bigint);
CREATE AGGREGATE rs.avg(smallint) (SFUNC = rs.avg_add, STYPE = numeric[], FINALFUNC = rs.avg_end, INITCOND = '{0,0}');
CREATE AGGREGATE rs.avg(double precision)
    (SFUNC = float8_accum, STYPE = float8[], FINALFUNC = float8_avg, INITCOND = '{0,0,0}');
-- AVG of DECIMAL keeps the scale; whether its last digit is rounded or cut is not documented.
CREATE FUNCTION rs.avg_decimal_add(numeric[], numeric) RETURNS numeric[] IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN $2 IS NULL THEN $1 ELSE ARRAY[$1[1] + $2, $1[2] + 1, greatest($1[3], scale($2))] END;
CREATE FUNCTION rs.avg_decimal_end(numeric[]) RETURNS numeric IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN $1[2] = 0 THEN NULL
        WHEN pg_catalog.round($1[1] / $1[2], $1[3]::integer) <> pg_catalog.trunc($1[1] / $1[2], $1[3]::integer)
        THEN rs.refuse('AVG of DECIMAL that needs rounding')::numeric
        ELSE pg_catalog.trunc($1[1] / $1[2], $1[3]::integer) END;
CREATE AGGREGATE rs.avg(numeric)
    (SFUNC = rs.avg_decimal_add, STYPE = numeric[], FINALFUNC = rs.avg_decimal_end, INITCOND = '{0,0,0}');

-- Texts.
CREATE FUNCTION rs.concat(text, text) RETURNS text IMMUTABLE STRICT PARALLEL SAFE RETURN $1 || $2;
CREATE FUNCTION rs.charindex(text, text) RETURNS integer IMMUTABLE STRICT PARALLEL SAFE RETURN strpos($2, $1);
CREATE FUNCTION rs.substring(text, integer) RETURNS text IMMUTABLE STRICT PARALLEL SAFE RETURN substr($1, $2);
CREATE FUNCTION rs.substring(text, integer, integer) RETURNS text IMMUTABLE STRICT PARALLEL SAFE
    RETURN substr($1, $2, $3);
CREATE FUNCTION rs.sha2(text, integer) RETURNS text IMMUTABLE STRICT PARALLEL SAFE
    RETURN CASE $2 WHEN 0 THEN encode(sha256(convert_to($1, 'UTF8')), 'hex')
        WHEN 224 THEN encode(sha224(convert_to($1, 'UTF8')), 'hex')
        WHEN 256 THEN encode(sha256(convert_to($1, 'UTF8')), 'hex')
        WHEN 384 THEN encode(sha384(convert_to($1, 'UTF8')), 'hex')
        WHEN 512 THEN encode(sha512(convert_to($1, 'UTF8')), 'hex')
        ELSE rs.refuse('SHA2 of ' || $2 || ' bits') END;

-- Times, in UTC.
CREATE FUNCTION rs.getdate() RETURNS timestamp STABLE RETURN pg_catalog.date_trunc('second', statement_timestamp() AT TIME ZONE 'UTC');
CREATE FUNCTION rs.sysdate() RETURNS timestamp STABLE RETURN now() AT TIME ZONE 'UTC';
CREATE FUNCTION rs.current_day() RETURNS date STABLE RETURN (now() AT TIME ZONE 'UTC')::date;
CREATE FUNCTION rs.dateadd(part text, n integer, t timestamp) RETURNS timestamp IMMUTABLE STRICT PARALLEL SAFE
    RETURN t + CASE part WHEN 'year' THEN make_interval(years => n) WHEN 'quarter' THEN make_interval(months => 3 * n)
        WHEN 'month' THEN make_interval(months => n) WHEN 'week' THEN make_interval(days => 7 * n)
        WHEN 'day' THEN make_interval(days => n) WHEN 'hour' THEN make_interval(hours => n)
        WHEN 'minute' THEN make_interval(mins => n) WHEN 'second' THEN make_interval(secs => n)
        ELSE make_interval(secs => n / 1000.0) END;
CREATE FUNCTION rs.datediff(part text, a timestamp, b timestamp) RETURNS bigint IMMUTABLE STRICT PARALLEL SAFE
    RETURN (CASE part WHEN 'year' THEN extract(year FROM b) - extract(year FROM a)
        WHEN 'quarter' THEN 4 * (extract(year FROM b) - extract(year FROM a)) + extract(quarter FROM b) - extract(quarter FROM a)
        WHEN 'month' THEN 12 * (extract(year FROM b) - extract(year FROM a)) + extract(month FROM b) - extract(month FROM a)
        WHEN 'day' THEN b::date - a::date
        WHEN 'hour' THEN extract(epoch FROM pg_catalog.date_trunc('hour', b) - pg_catalog.date_trunc('hour', a)) / 3600
        WHEN 'minute' THEN extract(epoch FROM pg_catalog.date_trunc('minute', b) - pg_catalog.date_trunc('minute', a)) / 60
        ELSE extract(epoch FROM pg_catalog.date_trunc('second', b) - pg_catalog.date_trunc('second', a)) END)::bigint;
CREATE FUNCTION rs.date_part(text, timestamp) RETURNS integer IMMUTABLE STRICT PARALLEL SAFE
    RETURN pg_catalog.date_part($1, $2)::integer;
CREATE FUNCTION rs.date_trunc(text, timestamp) RETURNS timestamp IMMUTABLE STRICT PARALLEL SAFE
    RETURN pg_catalog.date_trunc($1, $2);
CREATE FUNCTION rs.last_day(timestamp) RETURNS date IMMUTABLE STRICT PARALLEL SAFE
    RETURN (pg_catalog.date_trunc('month', $1) + interval '1 month' - interval '1 day')::date;
CREATE FUNCTION rs.zone(text) RETURNS text IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN $1 = 'UTC' OR $1 ~ '^[A-Z]\w+/\w+(/\w+)?$' THEN $1 ELSE rs.refuse('the time zone ' || $1) END;
CREATE FUNCTION rs.convert_timezone(text, text, timestamp) RETURNS timestamp STABLE STRICT PARALLEL SAFE
    RETURN ($3 AT TIME ZONE rs.zone($1)) AT TIME ZONE rs.zone($2);
CREATE FUNCTION rs.convert_timezone(text, timestamp) RETURNS timestamp STABLE STRICT PARALLEL SAFE
    RETURN ($2 AT TIME ZONE 'UTC') AT TIME ZONE rs.zone($1);

-- The session.
CREATE FUNCTION rs.setting(text) RETURNS text STABLE RETURN nullif(current_setting('rs.' || $1, true), '');
CREATE FUNCTION rs.current_database() RETURNS text STABLE RETURN rs.setting('database');
CREATE FUNCTION rs.session_user_name() RETURNS text STABLE RETURN rs.setting('user');
CREATE FUNCTION rs.pg_last_copy_count() RETURNS bigint STABLE RETURN coalesce(rs.setting('copy_count')::bigint, 0);
CREATE FUNCTION rs.pg_last_copy_id() RETURNS integer STABLE RETURN coalesce(rs.setting('copy_id')::integer, -1);
CREATE FUNCTION rs.pg_last_query_id() RETURNS bigint STABLE RETURN coalesce(rs.setting('last_query')::bigint, -1);

-- What CREATE TABLE said. Keys of columns are attribute numbers, so that they last when a column is renamed.
CREATE TABLE rs.table_attributes (
    table_id oid PRIMARY KEY, diststyle text NOT NULL, distkey smallint, sortstyle text NOT NULL, sortkeys smallint[] NOT NULL,
    encodings jsonb NOT NULL, keys jsonb NOT NULL, created timestamp NOT NULL DEFAULT (now() AT TIME ZONE 'UTC'));
CREATE FUNCTION rs.attribute(owner regclass, name text) RETURNS smallint LANGUAGE plpgsql AS $$
DECLARE number smallint;
BEGIN
    SELECT attnum INTO number FROM pg_catalog.pg_attribute
        WHERE attrelid = owner AND attname::text OPERATOR(pg_catalog.=) name AND NOT attisdropped;
    IF number IS NULL THEN
        RAISE EXCEPTION 'column "%" named in key does not exist', name USING ERRCODE = '42703';
    END IF;
    RETURN number;
END $$;
CREATE FUNCTION rs.add_length_checks(owner regclass) RETURNS void LANGUAGE plpgsql AS $$
DECLARE checks text;
BEGIN
    SELECT string_agg(format('ADD CONSTRAINT rs_octets_%s_%s CHECK (octet_length(%I) <= %s)',
            attnum, atttypmod - 4, attname, atttypmod - 4), ', ') INTO checks
        FROM pg_catalog.pg_attribute
        WHERE attrelid = owner AND atttypid IN (1042, 1043) AND atttypmod > 4 AND attnum > 0 AND NOT attisdropped
        AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint
            WHERE conrelid = owner AND conname::text LIKE 'rs!_octets!_%' ESCAPE '!' AND conkey[1] = attnum);
    IF checks IS NOT NULL THEN EXECUTE format('ALTER TABLE %s %s', owner, checks); END IF;
END $$;
CREATE FUNCTION rs.remember(
    name text, style text, distkey text, sortstyle text, sortkeys text, encodings text, keys text
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE made regclass := name::regclass;
BEGIN
    INSERT INTO rs.table_attributes VALUES (
        made, style, CASE WHEN length(distkey) > 0 THEN rs.attribute(made, distkey) END, sortstyle,
        (SELECT coalesce(array_agg(rs.attribute(made, key) ORDER BY place), '{}')
            FROM jsonb_array_elements_text(sortkeys::jsonb) WITH ORDINALITY AS listed(key, place)),
        (SELECT coalesce(jsonb_object_agg(rs.attribute(made, key), value), '{}') FROM jsonb_each_text(encodings::jsonb)),
        keys::jsonb) ON CONFLICT (table_id) DO NOTHING;
    PERFORM rs.add_length_checks(made);
END $$;
CREATE FUNCTION rs.remember_like(made regclass, model regclass) RETURNS void LANGUAGE sql AS $$
    INSERT INTO rs.table_attributes
        SELECT made, diststyle, distkey, sortstyle, sortkeys, encodings, '[]' FROM rs.table_attributes
        WHERE table_id = model ON CONFLICT (table_id) DO NOTHING
$$;

-- Roles. What is granted to them is not stored, because nothing is denied here.
CREATE TABLE rs.roles (
    role_id integer GENERATED ALWAYS AS IDENTITY (START 100), role_name text PRIMARY KEY, role_owner text NOT NULL);
CREATE FUNCTION rs.create_role(role text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO rs.roles (role_name, role_owner) VALUES (role, rs.session_user_name()) ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN RAISE EXCEPTION 'role "%" already exists', role USING ERRCODE = '42710'; END IF;
END $$;
CREATE FUNCTION rs.known_role(role text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM rs.roles WHERE role_name OPERATOR(pg_catalog.=) role) THEN
        RAISE EXCEPTION 'role "%" does not exist', role USING ERRCODE = '42704';
    END IF;
END $$;
CREATE FUNCTION rs.known_database(name text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF name OPERATOR(pg_catalog.<>) rs.current_database() THEN PERFORM rs.refuse('GRANT on another database'); END IF;
END $$;
CREATE FUNCTION rs.drop_role(role text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM rs.known_role(role);
    DELETE FROM rs.roles WHERE role_name OPERATOR(pg_catalog.=) role;
END $$;
CREATE VIEW rs.svv_roles AS SELECT role_id, role_name, role_owner, NULL::text AS external_id FROM rs.roles;

-- Loads. Written by connections of their own: what failed or was rolled back is listed too.
CREATE TABLE rs.load_history (
    query_id bigint PRIMARY KEY, transaction_id bigint, session_id integer, status text, table_name text, start_time timestamp,
    end_time timestamp, data_source text, file_format text, loaded_rows bigint, source_file_count integer,
    source_file_bytes bigint, error_count bigint);
CREATE TABLE rs.load_errors (
    query_id bigint, transaction_id bigint, session_id integer, table_id bigint, start_time timestamp, file_name text,
    line_number bigint, column_name text, column_type text, column_length text, "position" integer, error_code integer,
    error_message text, raw_line text, raw_field_value text);
CREATE VIEW rs.sys_load_history AS SELECT
    100 AS user_id, query_id, transaction_id, session_id, rs.current_database() AS database_name, status, table_name, start_time,
    end_time, (extract(epoch FROM end_time - start_time) * 1000000)::bigint AS duration, data_source, file_format,
    loaded_rows, source_file_count, source_file_bytes, error_count, 0::bigint AS copy_job_id FROM rs.load_history;
CREATE VIEW rs.sys_load_error_detail AS SELECT
    100 AS user_id, query_id, transaction_id, session_id, rs.current_database() AS database_name, table_id, start_time,
    file_name, line_number, column_name, column_type, column_length, "position", error_code, error_message
    FROM rs.load_errors;
CREATE VIEW rs.stl_load_errors AS SELECT
    100 AS userid, 0 AS slice, table_id AS tbl, start_time AS starttime, session_id AS session, query_id AS query,
    file_name AS filename, line_number, column_name AS colname, column_type AS type, column_length AS col_length,
    "position", raw_line, raw_field_value, error_code AS err_code, error_message AS err_reason FROM rs.load_errors;

-- Tables, without the columns that would say something of blocks, slices and statistics, which do not exist here.
CREATE FUNCTION rs.row_count(regclass) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE found bigint;
BEGIN EXECUTE format('SELECT count(*) FROM %s', $1) INTO found; RETURN found; END $$;
CREATE VIEW rs.user_tables AS SELECT c.oid, n.nspname, c.relname, c.relkind
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'v') AND n.nspname NOT IN ('rs', 'pg_catalog', 'information_schema')
    AND n.nspname NOT LIKE 'pg!_%' ESCAPE '!';
CREATE VIEW rs.svv_table_info AS SELECT
    rs.current_database() AS database, t.nspname::text AS schema, t.oid::bigint AS table_id, t.relname::text AS "table",
    CASE WHEN a.encodings = '{}' THEN 'Y, AUTO(ENCODE)'
        WHEN EXISTS (SELECT FROM jsonb_each_text(a.encodings) e WHERE e.value <> 'raw') THEN 'Y' ELSE 'N' END AS encoded,
    CASE a.diststyle WHEN 'KEY' THEN 'KEY(' || k.attname || ')' WHEN 'AUTO' THEN 'AUTO(ALL)' ELSE a.diststyle END AS diststyle,
    CASE WHEN a.sortstyle = 'AUTO' THEN 'AUTO(SORTKEY)' ELSE s.attname::text END AS sortkey1,
    (SELECT max(atttypmod - 4) FROM pg_catalog.pg_attribute
        WHERE attrelid = t.oid AND attnum > 0 AND NOT attisdropped AND atttypid = 1043) AS max_varchar,
    coalesce(array_length(a.sortkeys, 1), 0) AS sortkey_num, n.found AS tbl_rows, a.created AS create_time
    FROM rs.user_tables t JOIN rs.table_attributes a ON a.table_id = t.oid
    LEFT JOIN pg_catalog.pg_attribute k ON k.attrelid = t.oid AND k.attnum = a.distkey
    LEFT JOIN pg_catalog.pg_attribute s ON s.attrelid = t.oid AND s.attnum = a.sortkeys[1]
    CROSS JOIN LATERAL (SELECT rs.row_count(t.oid::regclass) AS found OFFSET 0) n WHERE n.found > 0;
CREATE VIEW rs.tables AS SELECT
    rs.current_database() AS table_catalog, nspname::text AS table_schema, relname::text AS table_name,
    CASE relkind WHEN 'v' THEN 'VIEW' ELSE 'BASE TABLE' END AS table_type FROM rs.user_tables;
CREATE VIEW rs.columns AS SELECT
    rs.current_database() AS table_catalog, c.table_schema::text, c.table_name::text, c.column_name::text,
    c.ordinal_position::integer, c.column_default::text, c.is_nullable::text, c.data_type::text,
    c.character_maximum_length::integer, c.numeric_precision::integer, c.numeric_scale::integer
    FROM information_schema.columns c WHERE c.table_schema NOT IN ('rs', 'pg_catalog', 'information_schema')
    AND c.table_schema NOT LIKE 'pg!_%' ESCAPE '!';
