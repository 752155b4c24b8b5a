// Writes a thousand embeddings to ChromaDB, eight at a time, each until it is
// acknowledged, and prints the ids of those that were.
const base = 'http://localhost:8000/api/v2/tenants/default_tenant/databases/default_database/collections'

async function post(path, body) {
  for (;;) {
    try {
      const reply = await fetch(base + path, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(10_000),
      })
      const text = await reply.text()
      if (reply.ok) return JSON.parse(text)
    } catch {
      // It was killed: the next attempt may find it back.
    }
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

const collection = await post('', { name: 'durable', get_or_create: true })
let next = 0
async function writer() {
  while (next < 1000) {
    const n = next++
    const id = `e${n}`
    await post(`/${collection.id}/upsert`, { ids: [id], embeddings: [[n, 1, 0.5]], documents: [`document ${n}`] })
    console.log(id)
    // Slow enough to be killed three times.
    await new Promise((resolve) => setTimeout(resolve, 40))
  }
}
await Promise.all(Array.from({ length: 8 }, writer))
