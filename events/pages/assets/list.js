// A list, page after page.

import { api } from "./api.js";
import { fill, pager, problem, refresh } from "./dom.js";

// Fills the element `id` with what `shown(one, index, data)` makes of each; `loaded(data)` hears of each page. Of several pages under way, the one that was
// asked for last is shown, whichever answer comes last.
export class List {
  #id;
  #shown;
  #empty;
  #loaded;
  #url = null;
  #asked = 0;

  constructor(id, shown, empty, loaded = () => {}) {
    [this.#id, this.#shown, this.#empty, this.#loaded] = [id, shown, empty, loaded];
  }

  async load(url) {
    this.#url = url;
    const own = ++this.#asked;
    const data = await refresh(() => api("GET", url));
    if (!data || own !== this.#asked) return;
    fill(this.#id, data.results.map((one, index) => this.#shown(one, index, data)), this.#empty);
    this.#loaded(data);
    pager(data, (turned) => {
      problem(null);
      this.load(turned);
    });
  }

  // The page that is shown, as it is now.
  again() {
    return this.load(this.#url);
  }
}
