// Finds services by words of their names, also without accents. Pure functions.

// Marks that other languages' keyboards lack: accents of Latin, Greek and Cyrillic letters, and the
// vowels of Hebrew and Arabic.
const MARKS = /[\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670]/g;

// Letters that Unicode does not take apart.
const LETTERS = {
  ß: "ss", æ: "ae", œ: "oe", ø: "o", đ: "d", ð: "d", þ: "th", ł: "l", ı: "i", ħ: "h", ŧ: "t", ŋ: "n", ĸ: "k",
};
const LETTER = new RegExp(`[${Object.keys(LETTERS).join("")}]`, "g");

// The other spelling, as in Mueller and Göteborg.
const SPELLED = { ä: "ae", ö: "oe", ü: "ue", ø: "oe", å: "aa" };
const SPELLED_LETTER = new RegExp(`[${Object.keys(SPELLED).join("")}]`, "g");

// Returns a text without case and accents.
export const fold = (text) =>
  text.normalize("NFKD").replace(MARKS, "").toLowerCase().replace(MARKS, "")
    .replace(LETTER, (letter) => LETTERS[letter]);

// Returns the spellings by which a text is found.
function spellingsOf(text) {
  const composed = text.normalize("NFC").toLowerCase();
  return [...new Set([fold(text), fold(composed.replace(SPELLED_LETTER, (letter) => SPELLED[letter]))])];
}

// Returns the services whose names have all words of the text, in any order. An empty text finds all.
export function findServices(services, text) {
  const words = text.split(/\s+/).filter(Boolean).map(spellingsOf);
  return services.filter(({ name }) => {
    const spellings = spellingsOf(name);
    const hasWord = (word) => word.some((spelling) => spellings.some((one) => one.includes(spelling)));
    return words.every(hasWord);
  });
}
