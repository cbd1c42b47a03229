/**
 * Pages: fetches in the thread pool what SQLite is about to read of its file, so that it finds it in the memory of the machine and does
 * not wait for the disk on the event loop (DECISIONS 163). Walks its B-trees as far as that takes (sqlite.org/fileformat2.html#b_tree_pages).
 * A hint and nothing more: newer pages may be in the log, what is read may be half written, and none of it is believed.
 */
export interface PagesParts {
  readonly pageBytes: number
  /** Fills the buffer from there. @returns resolves also where the file has ended */
  readonly read: (into: Buffer, position: number) => Promise<unknown>
}

export interface Pages {
  /** @param root the first page of a table with row ids */
  row(root: number, id: number): Promise<void>
  /** @param root the first page of an index @param columns the first of its texts */
  entry(root: number, columns: readonly string[]): Promise<void>
  /** Reads all anew from now on; nothing may be under way. */
  forget(): void
}

const interiorIndex = 2
const interiorTable = 5
/** More levels than a file has that fits on a disk. */
const mostLevels = 12

/** Numbers of pages lie behind cells, which begin so far from the first byte. */
interface Cells {
  readonly page: Buffer
  readonly count: number
  readonly at: (index: number) => number
}

/** @returns undefined for a leaf, and for what is no page of a tree */
function interiorOf(page: Buffer): Cells | undefined {
  if (page[0] !== interiorIndex && page[0] !== interiorTable) return undefined
  return { page, count: page.readUInt16BE(3), at: (index) => page.readUInt16BE(12 + 2 * index) }
}

/** @returns the number, and where the next byte is */
function varint(page: Buffer, from: number): [number, number] {
  let value = 0
  for (let at = from; ; at += 1) {
    const byte = page.readUInt8(at)
    value = value * 128 + (byte & 127)
    if (byte < 128) return [value, at + 1]
  }
}

/** @returns the page below where what is sought stands, if anywhere */
function below({ page, count, at }: Cells, isBefore: (cell: number) => boolean): number {
  let [low, high] = [0, count]
  while (low < high) {
    const middle = (low + high) >> 1
    if (isBefore(at(middle))) low = middle + 1
    else high = middle
  }
  return page.readUInt32BE(low < count ? at(low) : 8)
}

/** Texts are compared by their bytes. @param from where a record begins, whose first columns are texts */
function isTextBefore(page: Buffer, from: number, columns: readonly Buffer[]): boolean {
  const [headerBytes, afterSize] = varint(page, from)
  let [typeAt, bodyAt] = [afterSize, from + headerBytes]
  for (const column of columns) {
    const [type, next] = varint(page, typeAt)
    const bytes = Math.max(0, (type - 13) / 2)
    const order = page.subarray(bodyAt, bodyAt + bytes).compare(column)
    if (order !== 0) return order < 0
    ;[typeAt, bodyAt] = [next, bodyAt + bytes]
  }
  return false
}

/** Keeps what leads to the leaves, for as long as it is used. */
export function pagesOf({ pageBytes, read }: PagesParts): Pages {
  const known = new Map<number, Promise<Cells | undefined>>()
  /** Used again, as many new ones have the garbage of the whole process collected. */
  const spare: Buffer[] = []
  const kept: Buffer[] = []

  async function load(number: number): Promise<Cells | undefined> {
    const page = spare.pop() ?? Buffer.allocUnsafe(pageBytes)
    await read(page, (number - 1) * pageBytes)
    const cells = interiorOf(page)
    // Nobody looks into a leaf.
    if (!cells) known.delete(number)
    ;(cells ? kept : spare).push(page)
    return cells
  }

  function page(number: number): Promise<Cells | undefined> {
    const loading = known.get(number) ?? load(number)
    known.set(number, loading)
    return loading
  }

  async function descend(root: number, isBefore: (page: Buffer, cell: number) => boolean): Promise<void> {
    let next = root
    try {
      for (let level = 0; level < mostLevels; level += 1) {
        const cells = await page(next)
        if (!cells) return
        next = below(cells, (cell) => isBefore(cells.page, cell))
      }
    } catch {
      // No page, or half of one: SQLite reads it by itself.
    }
  }

  return {
    forget() {
      known.clear()
      spare.push(...kept.splice(0))
    },
    row: (root, id) => descend(root, (cells, cell) => varint(cells, cell + 4)[0] < id),
    entry(root, columns) {
      const texts = columns.map((column) => Buffer.from(column))
      return descend(root, (cells, cell) => isTextBefore(cells, varint(cells, cell + 4)[1], texts))
    },
  }
}
