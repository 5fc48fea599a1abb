// What a device must not forget about the tickets of an entrance, one item of localStorage for each: it outlives the
// page, and two tabs lose nothing. `check-in/<event>/<shelf>/<code or reference>`

const ROOT = "check-in/";

export class Shelf {
  #prefix;

  constructor(event, name) {
    this.#prefix = `${ROOT}${event}/${name}/`;
  }

  get(key) {
    return JSON.parse(localStorage.getItem(this.#prefix + key));
  }

  put(key, value) {
    localStorage.setItem(this.#prefix + key, JSON.stringify(value));
  }

  remove(key) {
    localStorage.removeItem(this.#prefix + key);
  }

  keys() {
    return allKeys()
      .filter((key) => key.startsWith(this.#prefix))
      .map((key) => key.slice(this.#prefix.length));
  }
}

const allKeys = () => Object.keys(localStorage).filter((key) => key.startsWith(ROOT));

// The first event of which a shelf of these names has something; undefined if there is none.
export function eventWith(names) {
  return allKeys()
    .map((key) => key.split("/"))
    .find(([, , name]) => names.includes(name))?.[1];
}

export const clearShelves = () => allKeys().forEach((key) => localStorage.removeItem(key));
