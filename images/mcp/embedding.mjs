// A lexical embedding: what ChromaDB leaves to its clients, without a model to
// download. It finds documents by the words, word pairs and parts of words that
// they share with a query, not by their meaning.
//
// Features are hashed into a fixed number of dimensions, with a sign from the
// same hash so that collisions cancel out on average: Weinberger et al., "Feature
// Hashing for Large Scale Multitask Learning", 2009.

import { setImmediate } from 'node:timers/promises';

const DIMENSIONS = 512; // a power of two

// How much a feature counts. A word has about as many trigrams as letters, and
// all of them together count as much as the word itself.
const WORD = 1;
const PAIR = 0.7;
const TRIGRAM = 0.4;
// A word with fewer letters counts less: the shorter, the more common, says
// Zipf's law of abbreviation, and there is no corpus to count in.
const FULL_LENGTH = 5;

const encoder = new TextEncoder();

/** FNV-1a of a text's UTF-8 bytes, 32 bits. */
export function fnv1a(text) {
  let hash = 0x811c9dc5;
  for (const byte of encoder.encode(text)) {
    hash = Math.imul(hash ^ byte, 0x01000193);
  }
  return hash >>> 0;
}

/** The features of a text, each with how often the text has it and what it counts. */
function features(text) {
  const found = new Map();
  const add = (feature, weight) => {
    const had = found.get(feature) ?? { times: 0, weight: 0 };
    found.set(feature, { times: had.times + 1, weight: Math.max(had.weight, weight) });
  };
  const words = text.normalize('NFKC').toLowerCase().match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];
  words.forEach((word, i) => {
    const weight = Math.min(1, word.length / FULL_LENGTH);
    add(`word:${word}`, WORD * weight);
    if (i > 0) add(`pair:${words[i - 1]} ${word}`, PAIR * weight);
    const letters = [...` ${word} `];
    for (let j = 0; j + 3 <= letters.length; j++) add(`tri:${letters.slice(j, j + 3).join('')}`, TRIGRAM * weight);
  });
  // A text without words still needs a direction: cosine has none for zero.
  if (words.length === 0) add('none:', WORD);
  return found;
}

/** The embedding of a text: 512 numbers, of length 1 together. */
export function embed(text) {
  const vector = new Array(DIMENSIONS).fill(0);
  for (const [feature, { times, weight }] of features(text)) {
    const hash = fnv1a(feature);
    // The low bits of FNV depend on nothing above them: fold the high ones in.
    const dimension = ((hash >>> 16) ^ hash) & (DIMENSIONS - 1);
    const sign = hash >>> 31 ? -1 : 1;
    vector[dimension] += sign * weight * (1 + Math.log(times));
  }
  const length = Math.hypot(...vector);
  return length > 0 ? vector.map((x) => x / length) : embed('');
}

/**
 * The embedding as ChromaDB's client takes it. It has no configuration to be
 * made from: ChromaDB then records none, and clients that do not know it can
 * still open the collection.
 */
export const lexical = {
  name: `lexical-${DIMENSIONS}-v1`,
  defaultSpace: () => 'cosine',
  supportedSpaces: () => ['cosine'],
  async generate(texts) {
    const vectors = [];
    for (const text of texts) {
      vectors.push(embed(text));
      await setImmediate(); // other sessions have their turn
    }
    return vectors;
  },
};
