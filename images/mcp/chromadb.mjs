// The MCP server "chromadb": what a model can do with the pool's ChromaDB.

import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { z } from 'zod';

import { Collections } from './collections.mjs';

const MANY = 1000; // of what one call may give or get

const collection = z
  .string()
  .min(3)
  .max(512)
  .regex(/^[a-zA-Z0-9][a-zA-Z0-9._-]*[a-zA-Z0-9]$/)
  .describe('Name of the collection: letters, digits, and ._- within');
const id = z.string().min(1).max(512);
const ids = z.array(id).min(1).max(MANY);
const text = z.string().min(1).max(100_000);
const scalar = z.union([z.string().max(10_000), z.number(), z.boolean()]);
const metadata = z.record(z.string().min(1).max(256), scalar);
const metadatas = z.array(metadata.nullable()).min(1).max(MANY);
const vectors = z.array(z.array(z.number()).min(1).max(8192)).min(1);
const condition = z.record(z.string(), z.unknown());
const where = condition
  .optional()
  .describe('Condition on metadata, such as {"author": "ann"}, {"year": {"$gte": 2020}} or {"$and": [..., ...]}');
const where_document = condition
  .optional()
  .describe('Condition on the text, such as {"$contains": "word"} or {"$not_contains": "word"}');

const READS = { readOnlyHint: true, openWorldHint: false };
const ADDS = { readOnlyHint: false, destructiveHint: false, openWorldHint: false };
const DESTROYS = { readOnlyHint: false, destructiveHint: true, openWorldHint: false };

const tools = {
  chroma_list_collections: {
    description:
      'List the collections of documents in ChromaDB, which all sessions of this pool share. ' +
      'Where embeds_text is false, texts cannot be added or searched for without embeddings.',
    annotations: READS,
    inputSchema: {
      limit: z.int().min(1).max(MANY).default(100),
      offset: z.int().min(0).default(0),
    },
    act: (collections, args) => collections.list(args),
  },
  chroma_create_collection: {
    description: 'Make a new, empty collection. Its documents can be searched for by the words in them.',
    annotations: ADDS,
    inputSchema: { collection, metadata: metadata.optional().describe('What the collection is for') },
    act: (collections, args) => collections.create(args),
  },
  chroma_delete_collection: {
    description: 'Remove a collection with all of its documents, for every session. This cannot be undone.',
    annotations: DESTROYS,
    inputSchema: { collection },
    act: (collections, args) => collections.drop(args),
  },
  chroma_count: {
    description: 'Count the documents of a collection.',
    annotations: READS,
    inputSchema: { collection },
    act: (collections, args) => collections.count(args),
  },
  chroma_add: {
    description: 'Add documents to a collection, and get their ids. None may be there already.',
    annotations: ADDS,
    inputSchema: {
      collection,
      documents: z.array(text).min(1).max(MANY).describe('A passage each: short ones are found more exactly'),
      ids: ids.optional().describe('One for each document; made up if not given'),
      metadatas: metadatas.optional().describe('One for each document, to filter by'),
      embeddings: vectors.max(MANY).optional().describe('One for each document; computed if not given'),
    },
    act: (collections, args) => collections.add(args),
  },
  chroma_get: {
    description: 'Get documents by id or by condition, in no order of relevance; without either, any of them.',
    annotations: READS,
    inputSchema: {
      collection,
      ids: ids.optional(),
      where,
      where_document,
      limit: z.int().min(1).max(MANY).default(20),
      offset: z.int().min(0).default(0),
    },
    act: (collections, args) => collections.get(args),
  },
  chroma_query: {
    description:
      'Find the documents closest to each query, closest first; a distance of 0 is the same, of 1 unrelated. ' +
      'Texts are compared by their words, not their meaning: name the words that a document would have. ' +
      'Give query_texts or query_embeddings.',
    annotations: READS,
    inputSchema: {
      collection,
      query_texts: z.array(text).min(1).max(100).optional(),
      query_embeddings: vectors.max(100).optional(),
      n_results: z.int().min(1).max(100).default(5).describe('Documents for each query'),
      where,
      where_document,
    },
    act: (collections, args) => {
      exactlyOne(args, 'query_texts', 'query_embeddings');
      return collections.query(args);
    },
  },
  chroma_update: {
    description: 'Change documents of a collection, by id. Metadata is merged with what there is.',
    annotations: DESTROYS,
    inputSchema: {
      collection,
      ids,
      documents: z.array(text).min(1).max(MANY).optional().describe('The new text for each id'),
      metadatas: metadatas.optional().describe('The new metadata for each id'),
      embeddings: vectors.max(MANY).optional().describe('One for each id; computed from documents if not given'),
    },
    act: (collections, args) => {
      atLeastOne(args, 'documents', 'metadatas', 'embeddings');
      return collections.update(args);
    },
  },
  chroma_delete_documents: {
    description: 'Remove documents by id or by condition, and get the ids of those that were there.',
    annotations: DESTROYS,
    inputSchema: { collection, ids: ids.optional(), where, where_document },
    act: (collections, args) => {
      atLeastOne(args, 'ids', 'where', 'where_document');
      return collections.remove(args);
    },
  },
};

const given = (args, names) => names.filter((name) => args[name] !== undefined);

function atLeastOne(args, ...names) {
  if (given(args, names).length === 0) throw new Error(`give at least one of ${names.join(', ')}`);
}

function exactlyOne(args, ...names) {
  if (given(args, names).length !== 1) throw new Error(`give exactly one of ${names.join(', ')}`);
}

/** An MCP server on the ChromaDB at {host, port}, which need not be there yet. */
export function createChromaServer(chroma) {
  const server = new McpServer({ name: 'chromadb', version: '1.0.0' });
  for (const [name, { act, ...tool }] of Object.entries(tools)) {
    server.registerTool(name, tool, async (args, { signal }) => {
      const result = await act(new Collections(chroma, signal), args);
      return { content: [{ type: 'text', text: JSON.stringify(result) }] };
    });
  }
  return server;
}
