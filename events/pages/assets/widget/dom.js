// Building what the widget shows. Everything from outside goes in as text, never as HTML, and nothing has an inline
// style: the page around may forbid both.

// el("a", { href: "/x", onclick: work }, "text", otherElement); what is null or false is left out.
export function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== null && value !== undefined && value !== false) made.setAttribute(name, value);
  }
  made.append(...children.flat().filter(Boolean));
  return made;
}

// Names of people and events, in a direction of their own.
export function isolated(text) {
  return el("bdi", {}, text);
}

export function button(text, onclick, attributes = {}) {
  return el("button", { type: "button", onclick, ...attributes }, text);
}

// A page of the service, in a tab of its own. A ticket's address is its key: it is told to no other site.
export function link(href, text) {
  return el("a", { href, target: "_blank", rel: "noreferrer", referrerpolicy: "no-referrer" }, text);
}
