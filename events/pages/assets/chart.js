// Lines over time as inline SVG. A chart keeps nothing: it draws the samples it is given.

import { decimal, number } from "./dom.js";
import { locale } from "./language.js";

const SVG = "http://www.w3.org/2000/svg";
const [WIDTH, HEIGHT] = [600, 150];

function svg(tag, attributes) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

// The next of 1, 2, 5, 10, 20 ... that holds the value.
export function niceTop(value) {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, value)));
  return [1, 2, 5, 10].map((step) => step * power).find((top) => top >= value) ?? 1;
}

const relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto", style: "short" });

// How long ago: now for 0.
function ago(ms) {
  if (ms < 120_000) return relative.format(-Math.round(ms / 1000), "second");
  return ms < 7_200_000 ? relative.format(-Math.round(ms / 60_000), "minute") : relative.format(-Math.round(ms / 3_600_000), "hour");
}

export class Chart {
  // `series`: [{ name, read: (sample) => number }]; `area` fills below the first. The legend shows the latest values.
  constructor(figure, { title, series, area = false, ceiling }) {
    Object.assign(this, { title, series, area, ceiling });
    const caption = document.createElement("figcaption");
    const heading = document.createElement("h2");
    heading.textContent = title;
    this.legend = document.createElement("p");
    this.legend.className = "legend";
    caption.append(heading, this.legend);
    this.plot = document.createElement("div");
    this.plot.className = "plot";
    this.picture = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img", "aria-label": title });
    this.top = document.createElement("span");
    this.top.className = "top quiet";
    this.plot.append(this.picture, this.top);
    this.axis = document.createElement("p");
    this.axis.className = "axis quiet";
    this.axis.append(document.createElement("span"), ago(0));
    figure.replaceChildren(caption, this.plot, this.axis);
  }

  // `samples`: [{ at: milliseconds, ... }], oldest first; `span`: the milliseconds from the left edge to `now`.
  draw(samples, now, span) {
    const values = this.series.map(({ read }) => samples.map(read));
    const highest = Math.max(this.ceiling?.(samples.at(-1)) ?? 0, ...values.flat(), 1);
    const top = this.ceiling ? highest : niceTop(highest);
    const x = (sample) => WIDTH * (1 - (now - sample.at) / span);
    const y = (value) => HEIGHT - 2 - (HEIGHT - 6) * (value / top);
    const parts = [0, 0.5, 1].map((part) => svg("line", { class: "grid", x1: 0, x2: WIDTH, y1: y(top * part), y2: y(top * part) }));
    values.forEach((line, index) => {
      const points = line.map((value, at) => `${x(samples[at]).toFixed(1)},${y(value).toFixed(1)}`);
      if (this.area && index === 0 && points.length > 1) parts.push(this.#filled(points, x(samples[0]), x(samples.at(-1))));
      parts.push(svg("polyline", { class: `line s${index + 1}`, points: points.join(" ") }));
    });
    this.picture.replaceChildren(...parts);
    this.top.textContent = number(top);
    this.axis.firstChild.textContent = ago(span);
    this.#describe(values);
  }

  #filled(points, first, last) {
    const corners = [`${first.toFixed(1)},${HEIGHT}`, ...points, `${last.toFixed(1)},${HEIGHT}`];
    return svg("polygon", { class: "area s1", points: corners.join(" ") });
  }

  #describe(values) {
    const latest = this.series.map(({ name }, index) => [name, values[index].at(-1) ?? 0]);
    this.legend.replaceChildren(
      ...latest.map(([name, value], index) => {
        const entry = document.createElement("span");
        entry.className = `key s${index + 1}`;
        entry.textContent = `${name} ${decimal(value)}`;
        return entry;
      }),
    );
    this.picture.setAttribute("aria-label", `${this.title}: ${latest.map(([name, value]) => `${name} ${decimal(value)}`).join(", ")}`);
  }
}
