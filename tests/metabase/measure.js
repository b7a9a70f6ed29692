// Tells what each frame of this page holds: its cards, its charts, and texts that meet.
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
  return {
    charts,
    cards: cards.length,
    overlaps: meeting(cards, 0.5).map(([one, other]) => `${name(one)} / ${name(other)}`),
    sideways: root.scrollWidth - root.clientWidth,
    spilling: cards.filter((card) => card.scrollWidth > card.clientWidth + 1).map(name),
    empty: page.querySelectorAll(".empty").length,
    background: getComputedStyle(page.body).backgroundColor,
    breaks: [...page.querySelectorAll("svg text")].filter((text) => text.textContent.startsWith("2024T2: ")).length,
  };
}

const frames = [...document.querySelectorAll("iframe")];
const timer = setInterval(() => {
  if (!frames.every((frame) => frame.contentDocument?.documentElement.dataset.drawn === "all")) return;
  clearInterval(timer);
  document.getElementById("out").textContent = JSON.stringify(frames.map(tell));
}, 100);
