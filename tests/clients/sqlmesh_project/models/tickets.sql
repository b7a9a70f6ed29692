MODEL (
  name tram.tickets,
  kind SEED (path '../seeds/tickets.csv'),
  columns (id INT, line TEXT, ds TEXT, price DOUBLE)
);
