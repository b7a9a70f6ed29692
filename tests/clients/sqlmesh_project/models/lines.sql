MODEL (
  name tram.lines,
  kind FULL,
  audits (not_null(columns := (line)), unique_values(columns := (line)))
);

SELECT line, COUNT(DISTINCT id) AS tickets, SUM(price) AS income FROM tram.tickets GROUP BY line;
