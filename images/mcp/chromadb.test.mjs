import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { after, before, describe, test } from 'node:test';

import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { InMemoryTransport } from '@modelcontextprotocol/sdk/inMemory.js';

import { createChromaServer } from './chromadb.mjs';
import { inProcessServer } from './inprocess.mjs';
import { Gateway } from './sessions.mjs';

const json = (response, status, body) => {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
};

/** As much of ChromaDB as shows what is made of its answers. */
const chroma = createServer(async (request, response) => {
  const path = new URL(request.url, 'http://localhost').pathname.replace('/api/v2/tenants/default_tenant/databases/default_database/', '');
  const body = await text(request);
  const collection = (name, metadata) => ({
    id: `id-of-${name}`, name, metadata, tenant: 'default_tenant', database: 'default_database', configuration_json: {},
  });
  if (path === 'collections' && request.method === 'POST') {
    const { name, metadata } = JSON.parse(body);
    return name === 'taken' ? json(response, 409, {}) : json(response, 200, collection(name, metadata));
  }
  if (path === 'collections/foreign') return json(response, 200, collection('foreign', { made: 'elsewhere' }));
  if (path === 'collections/ours') return json(response, 200, collection('ours', { 'hal:embedding': 'lexical-512-v1' }));
  if (path === 'collections/id-of-ours/get') return json(response, 200, { ids: ['a'], include: [], documents: ['A'] });
  if (path === 'collections/id-of-ours/query') {
    return json(response, 400, { message: 'Collection expecting embedding with dimension of 384, got 512' });
  }
  if (path === 'collections/silent') return undefined;
  return json(response, 404, {});
});

let address;
let client;

async function connected(where) {
  const [here, there] = InMemoryTransport.createLinkedPair();
  await createChromaServer(where).connect(there);
  const made = new Client({ name: 'test', version: '1' });
  await made.connect(here);
  return made;
}

async function call(name, args) {
  const { isError = false, content } = await client.callTool({ name, arguments: args });
  return { isError, text: content[0].text };
}

before(async () => {
  await once(chroma.listen(0, '127.0.0.1'), 'listening');
  address = { host: '127.0.0.1', port: chroma.address().port };
  client = await connected(address);
});

after(async () => {
  await client.close();
  chroma.closeAllConnections();
  chroma.close();
});

describe('the tools of chromadb', () => {
  test('have names of their own, and say what they do and take', async () => {
    const { tools } = await client.listTools();
    assert.deepEqual(tools.map(({ name }) => name.replace('chroma_', '')), [
      'list_collections', 'create_collection', 'delete_collection', 'count', 'add', 'get', 'query', 'update', 'delete_documents',
    ]);
    for (const { description, inputSchema } of tools) {
      assert.ok(description.length > 20);
      assert.equal(inputSchema.type, 'object');
    }
  });

  test('make collections whose embedding is known by their metadata', async () => {
    assert.deepEqual(await call('chroma_create_collection', { collection: 'notes' }), { isError: false, text: '{"created":"notes"}' });
  });

  for (const [tool, args, complaint] of [
    ['chroma_count', { collection: 'none' }, 'collection "none": there is none of that name: chroma_list_collections lists them, chroma_create_collection makes one'],
    ['chroma_create_collection', { collection: 'taken' }, 'collection "taken": it exists already: use it, or choose another name'],
    ['chroma_add', { collection: 'foreign', documents: ['x'] }, 'collection "foreign": its texts are not embedded here, since chroma_create_collection did not make it: give embeddings that its own embedding makes'],
    ['chroma_query', { collection: 'foreign', query_texts: ['x'] }, 'collection "foreign": its texts are not embedded here, since chroma_create_collection did not make it: give query_embeddings that its own embedding makes'],
    ['chroma_update', { collection: 'foreign', ids: ['a'], documents: ['x'] }, 'collection "foreign": its texts are not embedded here, since chroma_create_collection did not make it: give embeddings that its own embedding makes'],
    ['chroma_add', { collection: 'ours', documents: ['x'], ids: ['a'] }, 'collection "ours": it has "a" already: chroma_update changes documents'],
    ['chroma_update', { collection: 'ours', documents: ['x', 'y'], ids: ['a', 'b'] }, 'collection "ours": it has no "b": chroma_add adds documents'],
    ['chroma_query', { collection: 'ours', query_texts: ['x'] }, 'collection "ours": Collection expecting embedding with dimension of 384, got 512'],
    ['chroma_query', { collection: 'ours' }, 'give exactly one of query_texts, query_embeddings'],
    ['chroma_update', { collection: 'ours', ids: ['a'] }, 'give at least one of documents, metadatas, embeddings'],
    ['chroma_delete_documents', { collection: 'ours' }, 'give at least one of ids, where, where_document'],
  ]) {
    test(`complain of ${tool} ${JSON.stringify(args)}`, async () => {
      assert.deepEqual(await call(tool, args), { isError: true, text: complaint });
    });
  }

  for (const [tool, args] of [
    ['chroma_count', { collection: '../../x' }],
    ['chroma_query', { collection: 'ours', query_texts: ['x'], n_results: 101 }],
    ['chroma_add', { collection: 'ours', documents: [] }],
    ['chroma_add', { collection: 'ours', documents: ['x'], metadatas: [{ a: { b: 1 } }] }],
  ]) {
    test(`do not take ${tool} ${JSON.stringify(args)}`, async () => {
      const { isError, text } = await call(tool, args);
      assert.ok(isError);
      assert.match(text, /validation/i);
    });
  }

  test('say where ChromaDB was looked for', async () => {
    const lost = await connected({ host: '127.0.0.1', port: 1 });
    const { isError, content } = await lost.callTool({ name: 'chroma_list_collections', arguments: {} });
    assert.ok(isError);
    assert.match(content[0].text, /^ChromaDB at 127.0.0.1:1 cannot be reached: /);
    await lost.close();
  });

  test('stop waiting when the client does', async () => {
    const answered = once(chroma, 'request');
    const abort = new AbortController();
    const asked = client.callTool({ name: 'chroma_count', arguments: { collection: 'silent' } }, undefined, { signal: abort.signal });
    const [request] = await answered;
    const closed = once(request.socket, 'close');
    abort.abort();
    await assert.rejects(asked);
    await closed;
  });
});

describe('a session in the process of the gateway', () => {
  const initialize = JSON.stringify({
    jsonrpc: '2.0', id: 'first', method: 'initialize',
    params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'test', version: '1' } },
  });
  const request = (id, name, args) => JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params: { name, arguments: args } });

  let gateway;
  let port;

  before(async () => {
    gateway = new Gateway({ servers: { chromadb: inProcessServer(() => createChromaServer(address)) }, limit: 4, log: () => {} });
    ({ port } = await gateway.listen({ host: '127.0.0.1', port: 0 }));
  });

  after(() => gateway.close());

  async function answer(...lines) {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    socket.end(`chromadb\n${lines.join('\n')}\n`);
    const [agreed, ...replies] = (await text(socket)).trimEnd().split('\n');
    assert.equal(agreed, 'ok');
    return replies.map((reply) => JSON.parse(reply));
  }

  test('answers all that was asked before the client said its last', async () => {
    const replies = await answer(initialize, request(2, 'chroma_count', { collection: 'none' }), request(3, 'chroma_list_collections', { limit: 0 }));
    assert.deepEqual(replies.map(({ id }) => id).toSorted(), [2, 3, 'first']);
    assert.equal(replies.find(({ id }) => id === 'first').result.protocolVersion, '2025-06-18');
  });

  test('ends without an answer to what was cancelled', async () => {
    const cancel = JSON.stringify({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 2 } });
    assert.equal((await answer(initialize, request(2, 'chroma_count', { collection: 'silent' }), cancel)).length, 1);
  });

  test('passes over lines that are not MCP', async () => {
    assert.equal((await answer('hello', '{"id":1}', initialize)).length, 1);
  });

  test('ends with a message that is longer than any', async () => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.on('error', () => {}).write(`chromadb\n${'x'.repeat(11 << 20)}`);
    await new Promise((resolve) => socket.resume().once('close', resolve));
    assert.equal((await answer(initialize)).length, 1);
  });
});
