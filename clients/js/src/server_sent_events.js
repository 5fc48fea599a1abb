// Reads a stream of server-sent events (WHATWG HTML, 9.2), from bytes in any pieces.

export class EventStream {
  #decoder = new TextDecoder();
  #rest = "";
  #id = "";
  #data = [];
  /** Seconds after which to come back; null until the stream says. */
  retrySeconds = null;

  /** Returns the events, `{id, data}`, that are complete with this piece. */
  feed(piece) {
    let text = this.#rest + this.#decoder.decode(piece, { stream: true });
    // A CR at the end may be the first half of a CRLF: it stays until there is more.
    const held = text.endsWith("\r") ? "\r" : "";
    if (held) text = text.slice(0, -1);
    const lines = text.split(/\r\n|\n|\r/);
    this.#rest = lines.pop() + held;
    return lines.map((line) => this.#take(line)).filter((event) => event !== null);
  }

  #take(line) {
    if (line === "") {
      const data = this.#data;
      this.#data = [];
      return data.length ? { id: this.#id, data: data.join("\n") } : null;
    }
    const colon = line.indexOf(":");
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (name === "data") this.#data.push(value);
    else if (name === "id" && !value.includes("\0")) this.#id = value;
    else if (name === "retry" && /^\d+$/.test(value)) this.retrySeconds = Number(value) / 1000;
    return null;
  }
}
