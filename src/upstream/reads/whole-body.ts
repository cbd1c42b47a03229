import { Readable } from 'node:stream'

/** All of a body, or a stream of it when it is more than was asked for. */
export type Collected = { readonly whole: Buffer } | { readonly stream: Readable }

async function* followedBy(first: readonly Buffer[], rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield* first
  yield* rest
}

/** A stream of what was read and of what is still to come; whoever destroys it lets go of the body. */
function joined(read: readonly Buffer[], body: Readable): Readable {
  const rest = body.iterator({ destroyOnReturn: true }) as AsyncIterable<Buffer>
  const stream = Readable.from(followedBy(read, rest), { objectMode: false })
  stream.once('close', () => body.destroy())
  return stream
}

/** @param most bytes to hold in memory @throws what the body fails with */
export async function collect(body: Readable, most: number): Promise<Collected> {
  const read: Buffer[] = []
  let bytes = 0
  for await (const chunk of body.iterator({ destroyOnReturn: false })) {
    read.push(chunk as Buffer)
    bytes += (chunk as Buffer).length
    if (bytes > most) return { stream: joined(read, body) }
  }
  return { whole: Buffer.concat(read) }
}
