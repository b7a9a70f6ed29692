-- title = "Net sales by month"
-- description = "Paid for the orders of each month less returns, in stores and on the web."
-- source = "Files of the shop"
-- chart = "line"
-- x = "year_month"
-- y = "net_amount"
-- series = "channel"
-- [columns.year_month]
-- title = "Month"
-- [columns.channel]
-- title = "Channel"
-- [columns.net_amount]
-- title = "Net sales"
-- format = "integer"
-- unit = "USD"
-- [columns.orders]
-- title = "Orders"
-- format = "integer"
-- [variables.segment]
-- title = "Customer segment"
SELECT year_month, channel, CAST(sum(net_amount) AS double) AS net_amount, sum(orders) AS orders
FROM retail.mart_sales_by_month
WHERE true [[AND segment = {{segment}}]]
GROUP BY year_month, channel
ORDER BY year_month, channel
