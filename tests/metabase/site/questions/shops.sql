-- title = "All shops"
-- description = "What is sold."
-- source = "Made up"
-- chart = "table"
-- [columns.shop]
-- title = "Shop"
SELECT DISTINCT shop FROM shops.sales ORDER BY shop
