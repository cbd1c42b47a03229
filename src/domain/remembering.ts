/**
 * Remembers what a text gives. The same few come over and over; the bound keeps strangers from filling the memory.
 * @param most so many texts; with one more all are forgotten
 * @param work gives the same for a text every time; where it gives undefined nothing is kept
 */
export function remembering<Result>(most: number, work: (text: string) => Result): (text: string) => Result {
  const known = new Map<string, Result>()
  return (text) => {
    const found = known.get(text)
    if (found !== undefined) return found
    const made = work(text)
    if (made === undefined) return made
    if (known.size >= most) known.clear()
    known.set(text, made)
    return made
  }
}
