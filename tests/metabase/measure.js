// Tells what each frame of this page holds: its cards, its charts, texts that meet, what axe-core finds, and what works.
const box = (node) => { const { left, top, right, bottom } = node.getBoundingClientRect(); return { left, top, right, bottom }; };
const meet = (a, b, slack) =>
  a.left + slack < b.right && b.left + slack < a.right && a.top + slack < b.bottom && b.top + slack < a.bottom;

function meeting(nodes, slack) {
  const boxes = nodes.map((node) => [node, box(node)]);
  const found = [];
  for (const [place, [one, here]] of boxes.entries())
    for (const [other, there] of boxes.slice(place + 1))
      if (meet(here, there, slack)) found.push([one, other]);
  return found;
}

const name = (card) => card.dataset.question ?? card.className;
const isSeen = (text) => text.textContent.trim() && getComputedStyle(text).opacity !== "0" && text.getAttribute("opacity") !== "0";

function tell(frame) {
  const page = frame.contentDocument, root = page.documentElement;
  const charts = [...page.querySelectorAll("[data-chart]")].map((chart) => ({
    question: chart.closest(".card").dataset.question,
    state: chart.dataset.state,
    marks: [...chart.querySelectorAll("svg .mark-rect > path, svg .mark-symbol > path, svg .mark-line > path, svg .mark-area > path")]
      .filter((mark) => { const { width, height } = mark.getBoundingClientRect(); return width + height > 1; }).length,
    texts: meeting([...chart.querySelectorAll("svg text")].filter(isSeen), 2.5)
      .map(([one, other]) => `${one.textContent} / ${other.textContent}`),
    outside: chart.querySelector("svg") && box(chart.querySelector("svg")).right > box(chart).right + 1,
  }));
  const cards = [...page.querySelectorAll(".card")];
  // The room between the last row of a table, or the end of a chart, and the notes below it.
  const gap = (card) => {
    const body = card.querySelector(":scope > .scroll, :scope > .chart, :scope > .change, :scope > .value:last-of-type");
    return body ? box(card.querySelector(":scope > footer")).top - box(body).bottom : 0;
  };
  const alone = (card) => cards.every((other) => other === card || box(other).bottom <= box(card).top || box(other).top >= box(card).bottom);
  return {
    charts,
    cards: cards.length,
    abouts: [...page.querySelectorAll(".dashboard > .about")].map((one) => one.textContent),
    overlaps: meeting(cards, 0.5).map(([one, other]) => `${name(one)} / ${name(other)}`),
    sideways: root.scrollWidth - root.clientWidth,
    spilling: cards.filter((card) => card.scrollWidth > card.clientWidth + 1).map(name),
    blank: cards.filter((card) => card.matches(".plot") && alone(card) && gap(card) > 60).map(name),
    unnamed: [...page.querySelectorAll("[role=img]")].filter((one) => !/\. ./.test(one.getAttribute("aria-label"))).map((one) => name(one.closest(".card"))),
    empty: page.querySelectorAll(".empty").length,
    background: getComputedStyle(page.body).backgroundColor,
    breaks: [...page.querySelectorAll("svg text")].filter((text) => text.textContent.startsWith("2024T2: ")).length,
  };
}

const AXE = JSON.parse(document.getElementById("axe").textContent);

async function judged(frame) {
  const page = frame.contentDocument, script = page.createElement("script");
  script.textContent = AXE;
  page.head.append(script);
  const { violations } = await frame.contentWindow.axe.run(page, { runOnly: ["wcag2a", "wcag2aa"], resultTypes: ["violations"] });
  return violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map((node) => node.html.slice(0, 160)).join(" | ")}`);
}

const settled = (frame, said) => new Promise((done) => {
  const timer = setInterval(() => { if (said()) { clearInterval(timer); done(); } }, 50);
});

const texts = (card, column) => {
  const place = [...card.querySelectorAll("th")].findIndex((th) => th.dataset.column === column);
  return [...card.querySelectorAll("tbody tr:not([hidden])")].map((row) => row.cells[place].textContent);
};

function choose(element, value, kind) {
  element.value = value;
  element.dispatchEvent(new element.ownerDocument.defaultView.Event(kind, { bubbles: true }));
}

async function worked(frame) {
  const page = frame.contentDocument, ranking = page.querySelector("[data-question=ranking]");
  const dashboard = ranking.closest(".dashboard"), found = {};
  const chosen = () => page.querySelector("[data-question=most_complaints]");
  choose(dashboard.querySelector("[data-filter=switch]"), "2024T1", "change");
  await settled(frame, () => texts(ranking, "quarter_code")[0] === "2024T1"
    && chosen().querySelector("[data-state=drawn]") && chosen().textContent.includes("2024T1"));
  found.quarter = { finding: chosen().querySelector(".finding").textContent, names: texts(ranking, "institution_name") };
  ranking.querySelector("th[data-column=institution_name] .sort").click();
  found.sorted = texts(ranking, "institution_name");
  choose(ranking.querySelector("input[type=search]"), "beta", "input");
  found.searched = [texts(ranking, "institution_name"), ranking.querySelector(".rows").textContent];
  choose(ranking.querySelector("input[type=search]"), "", "input");
  choose(dashboard.querySelector("[data-filter=bank]"), "ALFA", "change");
  await settled(frame, () => texts(ranking, "institution_name").length === 1);
  found.bank = texts(ranking, "institution_name");
  const scoped = () => [...dashboard.querySelectorAll(".scope")].map((one) => `${name(one.closest(".card"))}: ${one.textContent}`);
  const cards = [...dashboard.querySelectorAll(".card")];
  found.scopes = scoped();
  found.broken = [...meeting(cards, 0.5).map(([one, other]) => `${name(one)} / ${name(other)}`),
    ...cards.filter((card) => card.scrollWidth > card.clientWidth + 1).map(name)];
  found.csv = frame.contentWindow.csv(ranking);
  const scroll = ranking.querySelector(".scroll");
  scroll.scrollLeft = 1000;
  const sticky = ranking.querySelector("tbody tr:not([hidden]) td.name");
  found.name = box(sticky).left >= box(scroll).left - 1 && box(sticky).right <= box(scroll).right + 1;
  choose(dashboard.querySelector("[data-filter=bank]"), "", "change");
  found.unscoped = scoped();
  return found;
}

async function told(frame) {
  const seen = tell(frame);
  return { ...seen, violations: await judged(frame), worked: await worked(frame) };
}

const frames = [...document.querySelectorAll("iframe")];
const timer = setInterval(() => {
  if (!frames.every((frame) => frame.contentDocument?.documentElement.dataset.drawn === "all")) return;
  clearInterval(timer);
  Promise.all(frames.map(told)).then(JSON.stringify, (error) => JSON.stringify({ error: String(error.stack ?? error) }))
    .then((text) => { document.getElementById("out").textContent = text; });
}, 100);
