// Prints the ids of the embeddings that ChromaDB has as they were written.
const base = 'http://localhost:8000/api/v2/tenants/default_tenant/databases/default_database/collections'

async function ask(path, body) {
  const reply = await fetch(base + path, body && {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (!reply.ok) throw new Error(`${path}: ${reply.status} ${await reply.text()}`)
  return reply.json()
}

const collection = await ask('/durable')
const got = await ask(`/${collection.id}/get`, { limit: 2000, include: ['documents', 'embeddings'] })
got.ids.forEach((id, i) => {
  const n = Number(id.slice(1))
  if (got.embeddings[i][0] === n && got.documents[i] === `document ${n}`) console.log(id)
})
