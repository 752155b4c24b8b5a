// What can be done with ChromaDB's collections. ChromaDB itself says nothing of
// an add that changes nothing and of an update or a removal of what is not there;
// this does.

import { randomUUID } from 'node:crypto';

import { ChromaClient, ChromaConnectionError, ChromaNotFoundError, ChromaUniqueError } from 'chromadb';

import { lexical } from './embedding.mjs';

const WITHIN = 30_000; // milliseconds, for all requests of one call

// The metadata of a collection whose texts are embedded here. Another embedding's
// vectors could have the same dimension and mean something else.
const EMBEDDING = 'hal:embedding';

const embedsText = (metadata) => metadata?.[EMBEDDING] === lexical.name;

/**
 * One call's view of the ChromaDB at host and port, until `cancelled`. Each method
 * throws an Error whose message names the collection, the cause and the way out.
 */
export class Collections {
  #address;
  #until;
  #client;

  constructor({ host, port }, cancelled) {
    this.#address = `${host}:${port}`;
    this.#until = AbortSignal.any([cancelled, AbortSignal.timeout(WITHIN)]);
    this.#client = new ChromaClient({ host, port, fetchOptions: { signal: this.#until } });
  }

  /** A page of all collections, by name. */
  async list({ limit, offset }) {
    const page = await this.#explained(undefined, () => this.#client.listCollections({ limit, offset }));
    return page.map(({ name, metadata }) => ({ name, metadata: metadata ?? null, embeds_text: embedsText(metadata) }));
  }

  /** Makes a collection whose texts are embedded here; one of that name is an error. */
  async create({ collection, metadata }) {
    await this.#explained(collection, () =>
      this.#client.createCollection({
        name: collection,
        metadata: { ...metadata, [EMBEDDING]: lexical.name },
        embeddingFunction: lexical,
      }),
    );
    return { created: collection };
  }

  /** Removes a collection with all that it holds. */
  async drop({ collection }) {
    await this.#explained(collection, () => this.#client.deleteCollection({ name: collection }));
    return { deleted: collection };
  }

  count({ collection }) {
    return this.#in(collection, async (records) => ({ count: await records.count() }));
  }

  /** Adds documents, all of them or none; ids are made where none are given. */
  add({ collection, documents, ids, metadatas, embeddings }) {
    return this.#in(collection, async (records) => {
      if (!embeddings) demandEmbedding(records, 'embeddings');
      const there = ids ? await present(records, ids) : [];
      if (there.length > 0) throw new Error(`it has ${quoted(there)} already: chroma_update changes documents`);
      const added = ids ?? documents.map(() => randomUUID());
      await records.add({ ids: added, documents, metadatas, embeddings });
      return { added };
    });
  }

  get({ collection, ids, where, where_document, limit, offset }) {
    return this.#in(collection, async (records) => {
      const found = await records.get({ ids, where, whereDocument: where_document, limit, offset });
      return { documents: found.rows().map(shown) };
    });
  }

  /** The closest documents to each query, closest first. */
  query({ collection, query_texts, query_embeddings, n_results, where, where_document }) {
    return this.#in(collection, async (records) => {
      if (!query_embeddings) demandEmbedding(records, 'query_embeddings');
      const found = await records.query({
        queryTexts: query_texts,
        queryEmbeddings: query_embeddings,
        nResults: n_results,
        where,
        whereDocument: where_document,
      });
      return {
        results: found.rows().map((matches, i) => ({
          ...(query_texts && { query: query_texts[i] }),
          matches: matches.map((match) => ({ ...shown(match), distance: match.distance })),
        })),
      };
    });
  }

  /** Changes documents that are there, all of them or none; metadata is merged. */
  update({ collection, ids, documents, metadatas, embeddings }) {
    return this.#in(collection, async (records) => {
      if (documents && !embeddings) demandEmbedding(records, 'embeddings');
      const there = new Set(await present(records, ids));
      const missing = ids.filter((id) => !there.has(id));
      if (missing.length > 0) throw new Error(`it has no ${quoted(missing)}: chroma_add adds documents`);
      await records.update({ ids, documents, metadatas, embeddings });
      return { updated: ids };
    });
  }

  /** Removes the documents that match; what is not there is no error. */
  remove({ collection, ids, where, where_document }) {
    return this.#in(collection, async (records) => {
      const what = { ids, where, whereDocument: where_document };
      const matching = await records.get({ ...what, include: [] });
      await records.delete(what);
      return { deleted: matching.ids };
    });
  }

  #in(name, act) {
    return this.#explained(name, async () =>
      act(await this.#client.getCollection({ name, embeddingFunction: lexical })),
    );
  }

  async #explained(name, act) {
    try {
      return await act();
    } catch (error) {
      const cause = this.#cause(error);
      throw new Error(name === undefined ? cause : `collection ${JSON.stringify(name)}: ${cause}`, { cause: error });
    }
  }

  #cause(error) {
    if (this.#until.aborted) return `ChromaDB at ${this.#address} did not answer in time`;
    if (error instanceof ChromaConnectionError) {
      return `ChromaDB at ${this.#address} cannot be reached: it may be starting; try again, or see to the pool's parent`;
    }
    if (error instanceof ChromaNotFoundError) {
      return 'there is none of that name: chroma_list_collections lists them, chroma_create_collection makes one';
    }
    if (error instanceof ChromaUniqueError) return 'it exists already: use it, or choose another name';
    return error.message.replace(/^Bad request to \S+ with status: /, '');
  }
}

function demandEmbedding(records, argument) {
  if (embedsText(records.metadata)) return;
  throw new Error(
    `its texts are not embedded here, since chroma_create_collection did not make it: give ${argument} that its own embedding makes`,
  );
}

/** Those of the ids that a collection has. */
async function present(records, ids) {
  const found = await records.get({ ids, include: [] });
  return found.ids;
}

function shown({ id, document, metadata }) {
  return { id, document, metadata };
}

function quoted(ids) {
  const some = ids.slice(0, 5).map((id) => JSON.stringify(id)).join(', ');
  return ids.length > 5 ? `${some} and ${ids.length - 5} more` : some;
}
