-- title = "All sales"
-- description = "What is sold."
-- source = "Made up"
-- chart = "scalar"
-- y = "amount"
-- [columns.amount]
-- title = "Sales"
-- format = "integer"
-- unit = "pieces"
SELECT sum(amount) AS amount FROM shops.sales
