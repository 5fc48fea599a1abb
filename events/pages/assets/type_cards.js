// A card for each ticket type: what is taken of it and waited for, now and over time.

import { Chart } from "./chart.js";
import { byId, el, isolated, number, person } from "./dom.js";
import { say } from "./language.js";

const cards = new Map();

function card({ id, name }) {
  const figure = el("p", { class: "figure" });
  const bar = el("progress", { "aria-label": say("seats-taken", { name: isolated(name) }) });
  const plot = el("figure", { class: "small-chart" });
  const made = el("div", { class: "card" }, el("p", { class: "label" }, person(name)), figure, bar, plot);
  const series = [
    { name: say("taken"), read: (sample) => sample.types?.get(id)?.taken ?? 0 },
    { name: say("waiting"), read: (sample) => sample.types?.get(id)?.waitlisted ?? 0 },
  ];
  return { made, figure, bar, chart: new Chart(plot, { title: say("over-time", { name: isolated(name) }), series, area: true }) };
}

// Cards stay as long as the event has their types, in the event's order.
function cardsOf(types) {
  for (const type of types) if (!cards.has(type.id)) cards.set(type.id, card(type));
  const there = types.map(({ id }) => cards.get(id));
  const shown = [...byId("types").children];
  if (shown.length !== there.length || there.some(({ made }, index) => made !== shown[index])) {
    byId("types").replaceChildren(...there.map(({ made }) => made));
  }
  return there;
}

export function showTypes({ ticket_types: types }, samples, now, span) {
  cardsOf(types).forEach(({ figure, bar, chart }, index) => {
    const { capacity, seats_left: left } = types[index];
    figure.replaceChildren(number(capacity - left), " ", el("span", { class: "of quiet" }, say("of", { number: number(capacity) })));
    [bar.max, bar.value] = [capacity, capacity - left];
    chart.draw(samples, now, span);
  });
}
