// Draws every chart in its card, in the colours of the page and for its width, and again when either changes.
// Then: filters, and what tables can do.
const charts = JSON.parse(document.getElementById("charts").textContent);
const dark = window.matchMedia("(prefers-color-scheme: dark)");
const narrow = window.matchMedia("(max-width: 760px)");

function config(width) {
  const style = getComputedStyle(document.documentElement);
  const color = (name) => style.getPropertyValue(name).trim();
  const font = getComputedStyle(document.body).fontFamily;
  const text = color("--text"), soft = color("--soft"), line = color("--line");
  return {
    background: null,
    font,
    view: { stroke: null },
    axis: {
      labelColor: soft, titleColor: soft, gridColor: line, domainColor: line, tickColor: line,
      labelFontSize: 11.5, titleFontSize: 11.5, titleFontWeight: "normal", titlePadding: 8, labelPadding: 5,
    },
    axisY: { domain: false, ticks: false },
    axisYBand: { labelColor: text, labelFontSize: 12, labelLimit: width * 0.44 },
    legend: {
      labelColor: text, titleColor: soft, titleFontWeight: "normal", titleOrient: "left", labelFontSize: 11.5,
      titleFontSize: 11.5, symbolType: "square", symbolStrokeWidth: 0, offset: 10, columns: narrow.matches ? 2 : 8,
    },
    text: { fontSize: 11.5, color: text },
    rule: { color: soft },
    numberFormat: ",.10~f",
  };
}

async function draw(node) {
  const chart = charts[node.dataset.chart];
  const spec = { ...(narrow.matches ? chart.narrow : chart.wide), data: { values: chart.points } };
  const options = {
    actions: false, renderer: "svg", config: config(node.clientWidth), mode: "vega-lite",
    tooltip: { theme: dark.matches ? "dark" : "light" },
  };
  try {
    node.view?.finalize();
    node.view = (await vegaEmbed(node, spec, options)).view;
    // The box around the chart is the image and says its finding; the marks in it would only be noise.
    node.querySelector("svg").setAttribute("aria-hidden", "true");
    await highlight(node);
    node.dataset.state = "drawn";
  } catch (error) {
    node.dataset.state = "failed";
    node.textContent = `This chart cannot be drawn: ${error.message}`;
  }
}

async function drawAll() {
  for (const node of document.querySelectorAll("[data-chart]")) await draw(node);
  document.documentElement.dataset.drawn = "all";
}

const bankOf = (node) => node.closest(".dashboard").querySelector("[data-filter=bank]")?.value ?? "";

// The chosen bank keeps its colour, the others fade.
async function highlight(node) {
  if (charts[node.dataset.chart].wide.params) await node.view.signal("bank", bankOf(node)).runAsync();
}

function narrowTable(box) {
  const words = box.querySelector("input[type=search]").value.trim().toLowerCase();
  const bank = bankOf(box);
  const place = [...box.querySelectorAll("th")].findIndex((th) => th.dataset.column === "institution_name");
  const rows = [...box.querySelectorAll("tbody tr")];
  let shown = 0;
  for (const row of rows) {
    const fits = (!bank || place < 0 || row.cells[place].textContent === bank)
      && (!words || row.textContent.toLowerCase().includes(words));
    row.hidden = !fits;
    shown += fits;
  }
  const all = `${rows.length.toLocaleString("en")} ${rows.length === 1 ? "row" : "rows"}`;
  box.querySelector(".rows").textContent = shown === rows.length ? all : `${shown.toLocaleString("en")} of ${all}`;
}

const held = (cell) => cell.dataset.value ?? (cell.textContent === "\u2013" ? "" : cell.textContent);

function sortTable(th) {
  const order = th.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending";
  for (const other of th.parentNode.cells) other.removeAttribute("aria-sort");
  th.setAttribute("aria-sort", order);
  const body = th.closest("table").tBodies[0], sign = order === "ascending" ? 1 : -1;
  const isNumber = th.classList.contains("number");
  const key = (row) => (isNumber ? Number(held(row.cells[th.cellIndex])) : held(row.cells[th.cellIndex]));
  const rows = [...body.rows].map((row) => [row, held(row.cells[th.cellIndex]) === "", key(row)]);
  rows.sort(([, noA, a], [, noB, b]) => noA - noB || sign * (isNumber ? a - b : String(a).localeCompare(b)));
  body.append(...rows.map(([row]) => row));
}

// A spreadsheet would run a text that begins like a formula; such a text gets an apostrophe before it.
const field = (text) => {
  const safe = /^[=+@\t\r-]/.test(text) && Number.isNaN(Number(text)) ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
};

function csv(box) {
  const names = [...box.querySelectorAll("th")].map((th) => th.dataset.column);
  const rows = [...box.querySelectorAll("tbody tr:not([hidden])")].map((row) => [...row.cells].map(held));
  return [names, ...rows].map((row) => row.map(field).join(",")).join("\r\n") + "\r\n";
}

function download(button) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob(["\ufeff", csv(button.closest(".data, .card"))], { type: "text/csv" }));
  link.download = `${document.body.dataset.prefix}${button.dataset.file}.csv`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

function offerBanks(dashboard) {
  const select = dashboard.querySelector("[data-filter=bank]");
  if (!select) return;
  const names = new Set();
  for (const th of dashboard.querySelectorAll("th[data-column=institution_name]"))
    for (const row of th.closest("table").tBodies[0].rows) names.add(row.cells[th.cellIndex].textContent);
  for (const name of [...names].sort((a, b) => a.localeCompare(b))) select.add(new Option(name, name));
}

async function switchCards(dashboard, choice) {
  for (const card of dashboard.querySelectorAll("article.card")) {
    const wanted = [...dashboard.querySelectorAll("template")]
      .find((one) => one.dataset.card === card.id && one.dataset.choice === choice);
    if (!dashboard.querySelector(`template[data-card="${card.id}"]`)) continue;
    for (const node of card.querySelectorAll("[data-chart]")) node.view?.finalize();
    card.innerHTML = wanted ? wanted.innerHTML : card.first;
    for (const node of card.querySelectorAll("[data-chart]")) await draw(node);
  }
  await narrowDashboard(dashboard);
}

// A card that has no names of banks cannot be narrowed to the chosen one; a chart may not show it. Both say so.
function scopeOf(card, bank) {
  if (!bank || card.querySelector(".empty")) return "";
  const chart = charts[card.querySelector("[data-chart]")?.dataset.chart];
  if (chart?.wide.params) return chart.points.some((point) => point.bank === bank) ? "" : `${bank} is not among these`;
  return card.querySelector("th[data-column=institution_name]") ? "" : "Of all banks";
}

function sayScope(card, bank) {
  card.querySelector(".scope")?.remove();
  const text = scopeOf(card, bank);
  if (!text) return;
  const scope = document.createElement("p");
  scope.className = "scope";
  scope.textContent = text;
  card.querySelector("h3").after(scope);
}

async function narrowDashboard(dashboard) {
  const bank = dashboard.querySelector("[data-filter=bank]")?.value ?? "";
  for (const card of dashboard.querySelectorAll("article.card")) sayScope(card, bank);
  for (const input of dashboard.querySelectorAll("input[type=search]")) narrowTable(input.closest(".data, .card"));
  for (const node of dashboard.querySelectorAll("[data-chart][data-state=drawn]")) await highlight(node);
}

document.addEventListener("input", (event) => {
  if (event.target.matches("input[type=search]")) narrowTable(event.target.closest(".data, .card"));
});
document.addEventListener("click", (event) => {
  if (event.target.matches(".sort")) sortTable(event.target.closest("th"));
  if (event.target.matches(".download")) download(event.target);
});
document.addEventListener("change", (event) => {
  const { filter } = event.target.dataset, dashboard = event.target.closest(".dashboard");
  if (filter === "switch") switchCards(dashboard, event.target.value);
  if (filter === "bank") narrowDashboard(dashboard);
});
for (const card of document.querySelectorAll("article.card")) card.first = card.innerHTML;
for (const dashboard of document.querySelectorAll(".dashboard")) offerBanks(dashboard);
dark.addEventListener("change", drawAll);
narrow.addEventListener("change", drawAll);
drawAll();
