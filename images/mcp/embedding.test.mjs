import assert from 'node:assert/strict';
import { test } from 'node:test';

import { embed, fnv1a, lexical } from './embedding.mjs';

const cosine = (a, b) => a.reduce((sum, x, i) => sum + x * b[i], 0);
const closest = (query, documents) =>
  documents.toSorted((a, b) => cosine(embed(query), embed(b)) - cosine(embed(query), embed(a)))[0];

test('hashes as FNV-1a does, by its published values', () => {
  assert.equal(fnv1a(''), 0x811c9dc5);
  assert.equal(fnv1a('a'), 0xe40c292c);
  assert.equal(fnv1a('foobar'), 0xbf9cf968);
});

test('makes the same 512 numbers of the same text, on every machine and in every version', () => {
  const vector = embed('Level-triggered reconciliation');
  assert.equal(vector.length, 512);
  const largest = vector.map((x, i) => [Number(x.toFixed(4)), i]).toSorted((a, b) => Math.abs(b[0]) - Math.abs(a[0]) || a[1] - b[1]);
  assert.deepEqual(largest.slice(0, 4), [[-0.3438, 51], [-0.3438, 229], [0.3438, 443], [0.2407, 126]]);
});

for (const text of ['a', '', '  \n', '!?', '漢字', 'ü'.repeat(10_000), 'word '.repeat(10_000), '\u0000\ud800']) {
  test(`has length 1 for ${JSON.stringify(text.slice(0, 12))}`, () => {
    const vector = embed(text);
    assert.ok(vector.every(Number.isFinite));
    assert.ok(Math.abs(cosine(vector, vector) - 1) < 1e-9);
  });
}

test('does not heed case, punctuation, or how an accent is written', () => {
  assert.deepEqual(embed('Caf\u00e9, OPEN!'), embed('cafe\u0301 open'));
});

test('heeds the order of words', () => {
  assert.ok(cosine(embed('dog bites man'), embed('man bites dog')) < 0.99);
});

test('has nearly nothing in common for texts that share no word', () => {
  assert.ok(Math.abs(cosine(embed('quick brown fox jumps'), embed('annual budget meeting'))) < 0.2);
});

const DOCUMENTS = [
  'The reconciler lists containers afresh on every pass.',
  'Volumes are never removed unless the manifest says so.',
  'A claimed worker is sacred: no rollout stops it.',
  'Der Parent hält die Datenbank für alle Worker.',
  '工作容器永远不会被重复使用。',
];

for (const [query, found] of [
  ['who removes a volume', 1],
  ['listing of containers', 0],
  ['rollouts and claims', 2],
  ['Datenbanken', 3],
  ['重复使用', 4],
]) {
  test(`finds ${JSON.stringify(DOCUMENTS[found])} by ${JSON.stringify(query)}`, () => {
    assert.equal(closest(query, DOCUMENTS), DOCUMENTS[found]);
  });
}

test('is what ChromaDB asks of an embedding, and leaves nothing that other clients have to know', async () => {
  assert.deepEqual(await lexical.generate(['a', 'b']), [embed('a'), embed('b')]);
  assert.equal(lexical.defaultSpace(), 'cosine');
  assert.equal(lexical.getConfig, undefined);
});
