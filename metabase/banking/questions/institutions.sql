-- title = "Institutions in the ranking"
-- description = "Current names of the institutions that the ranking ever held; the choices of the institution filter."
-- source = "Banco Central do Brasil, ranking of complaints"
-- chart = "table"
-- [columns.institution_name]
-- title = "Institution"
-- [columns.kind]
-- title = "Kind"
-- [columns.segment]
-- title = "Segment"
SELECT name AS institution_name, max(kind) AS kind, max(segment) AS segment
FROM banking.dim_institution
WHERE institution_key <> 0 AND is_current AND size_group IS NOT NULL
GROUP BY name
ORDER BY institution_name
