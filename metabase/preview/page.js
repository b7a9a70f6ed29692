// Draws every chart in its card, in the colours of the page and for its width, and again when either changes.
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

dark.addEventListener("change", drawAll);
narrow.addEventListener("change", drawAll);
drawAll();
