// Runs one call of the client for JavaScript for a test: {url, options, call, args} as JSON on standard input. Each value
// is a line of JSON on standard output, and so is the error that ends it.

import { Omnify, Webhook } from "../../clients/js/src/index.js";

const read = async () => {
  let text = "";
  for await (const piece of process.stdin) text += piece;
  return JSON.parse(text);
};
const say = (kind, value) => console.log(JSON.stringify({ [kind]: value ?? null }));

const { url, options, call, args } = await read();
try {
  if (call === "verify") {
    for (const { secrets, body, headers, now } of args) {
      const verified = await new Webhook(...secrets).verify(body, headers, { now }).then(
        (message) => ({ message }),
        (problem) => ({ problem: problem.name }),
      );
      say("value", verified);
    }
  } else {
    const result = new Omnify(url, options)[call](...args);
    if (Symbol.asyncIterator in result) for await (const value of result) say("value", value);
    else say("value", await result);
  }
} catch (problem) {
  const { name, message, code, status, retryAfter, idempotencyKey } = problem;
  say("error", { name, message, code, status, retry_after: retryAfter, key: idempotencyKey, shown: String(problem) });
}
