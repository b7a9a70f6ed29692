MODEL (name tram.incomes, kind VIEW);

SELECT line, income * 2 AS twice FROM tram.lines;
