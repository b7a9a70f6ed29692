MODEL (name tram.lines_iceberg, kind FULL, table_format iceberg);

SELECT id, line, price FROM tram.tickets;
