/** Whether the text has the part in it, in whatever case. */
export const hasPart = (text: string, part: string): boolean =>
  text.toLowerCase().includes(part.toLowerCase())

/** Whether both are the same, in whatever case. */
export const sameWord = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase()

/** Whether a text starts with one of these, in whatever case: each length is looked up once, as bodies name thousands. */
export function startingWithOne(starts: readonly string[]): (text: string) => boolean {
  const known = new Set(starts.map((start) => start.toLowerCase()))
  const lengths = [...new Set([...known].map(({ length }) => length))].sort((a, b) => a - b)
  return (text) => {
    const lower = text.toLowerCase()
    for (const length of lengths) {
      if (length > lower.length) return false
      if (known.has(lower.slice(0, length))) return true
    }
    return false
  }
}
