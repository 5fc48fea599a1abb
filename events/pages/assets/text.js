// What a person types or pastes, held against what they were shown. `events/domain/text.py` folds alike for searches.

const INVISIBLE = /\p{Default_Ignorable_Code_Point}/gu;
const DASHES = /[\u2010-\u2015\u2212]/g;
const QUOTES = /[\u2018\u2019\u201b\u02bc\u2032]/g;
const DOUBLE_QUOTES = /[\u201c-\u201f\u2033\u00ab\u00bb]/g;

// Two texts that read the same on a page are the same: white space of any kind and number, width, composition, case, and
// the quotes and dashes that keyboards put for others.
export function seen(text) {
  const plain = text.normalize("NFKC").replace(INVISIBLE, "").replace(/\s+/g, " ").trim();
  return plain.replace(DASHES, "-").replace(QUOTES, "'").replace(DOUBLE_QUOTES, '"').toLowerCase().normalize("NFC");
}

// An id or a code without what copying, breaking lines and other keyboards put into it.
export function pasted(text) {
  return text.normalize("NFKC").replace(INVISIBLE, "").replace(/\s+/g, "").replace(DASHES, "-");
}
