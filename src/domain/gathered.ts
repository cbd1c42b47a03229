/**
 * Puts a body together that has a bound.
 * @param pieces as they arrive @param most bytes that are held
 * @returns all of it, or undefined when there is more: then the rest is left to whoever gave the pieces
 * @throws what the pieces fail with
 */
export async function gathered(pieces: AsyncIterable<Uint8Array>, most: number): Promise<Buffer | undefined> {
  const held: Uint8Array[] = []
  let bytes = 0
  for await (const piece of pieces) {
    bytes += piece.length
    if (bytes > most) return undefined
    held.push(piece)
  }
  return Buffer.concat(held, bytes)
}
