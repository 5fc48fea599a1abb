// Making access codes: those of the organizer's choice in as many requests as their number needs.

import { api, Refused } from "./api.js";

// A body may have 16 KiB, with what else is in it.
const CHARACTERS = 6000;

// One code a line; commas and semicolons of a spreadsheet separate too.
export const ownCodes = (text) => text.split(/[\n\r,;]+/).map((code) => code.trim()).filter(Boolean);

// The same request sent again after a lost answer makes no second codes, and shows the first.
let key = null;
let keyIsFor = null;

function keyFor(body) {
  const text = JSON.stringify(body);
  if (key === null || keyIsFor !== text) [key, keyIsFor] = [crypto.getRandomValues(new Uint32Array(4)).join("-"), text];
  return key;
}

export async function make(path, body) {
  const { codes } = await api("POST", path, body, undefined, { "Idempotency-Key": keyFor(body) });
  key = null;
  return codes;
}

function* portions(codes) {
  let portion = [];
  let room = CHARACTERS;
  for (const code of codes) {
    if (portion.length && code.length > room) {
      yield portion;
      [portion, room] = [[], CHARACTERS];
    }
    portion.push(code);
    room -= code.length + 3;
  }
  yield portion;
}

// Adds what is made to `made`. Throws Refused, with the codes at fault by name instead of their numbers in one request.
export async function makeOwn(path, codes, common, made) {
  for (const portion of portions(codes)) {
    try {
      made.push(...(await make(path, { codes: portion, ...common })));
    } catch (trouble) {
      if (trouble instanceof Refused && trouble.errors.codes) {
        trouble.errors.codes = trouble.errors.codes.map((text) => text.replace(/^Item (\d+)/, (_, item) => portion[item - 1]));
      }
      throw trouble;
    }
  }
}
