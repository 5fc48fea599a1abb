// What a scanner or a person gives at the entrance, told apart.

import { pasted } from "./text.js";

// A check-in code; or a ticket's id, which older QR codes hold. A scanner may give the address of a ticket's page.
const CODE = /(?:^|[^0-9])([1-9][0-9]{0,17})-([A-Za-z0-9_-]{8}-[A-Za-z0-9_-]{24}|[A-Za-z0-9_-]{28})(?![A-Za-z0-9_-])/;
const REFERENCE = /^([1-9][0-9]{0,17})-([A-Za-z0-9_-]{8})$/;
// Like one of them, but wrong: nothing that a guest's name would begin with.
const DAMAGED = /^\s*[1-9][0-9]{0,17}-\S{8}/;

// { event, named } with what the service is to be asked; null for a damaged code; undefined for what may be a name.
export function readTicket(text) {
  const code = CODE.exec(text) ?? CODE.exec(pasted(text));
  if (code) return { event: code[1], named: { code: `${code[1]}-${code[2]}` } };
  const reference = REFERENCE.exec(pasted(text));
  if (reference) return { event: reference[1], named: { reference: reference[0] } };
  return DAMAGED.test(text) ? null : undefined;
}

// The part of a code that may be shown.
export const referenceOf = (code) => /^[0-9]+-.{8}/.exec(code)[0];
