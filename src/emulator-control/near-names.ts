/** How many edits make one text the other (Levenshtein); the texts are short. */
function distance(from: string, to: string): number {
  let above = Array.from({ length: to.length + 1 }, (_, column) => column)
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row]
    for (let column = 1; column <= to.length; column += 1) {
      const swapped = (above[column - 1] ?? 0) + (from[row - 1] === to[column - 1] ? 0 : 1)
      current.push(Math.min(swapped, (above[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1))
    }
    above = current
  }
  return above[to.length] ?? 0
}

/** Longer texts are no slips of the pen, and to compare them costs. */
const longest = 64

/** @returns at most five names that somebody may have meant, nearest first */
export function nearNames(wanted: string, names: readonly string[]): readonly string[] {
  if (wanted.length > longest) return []
  const word = wanted.toLowerCase()
  return names
    .map((name) => {
      const lower = name.toLowerCase()
      const isPart = word.length > 2 && (lower.includes(word) || word.includes(lower))
      return { name, edits: isPart ? 1 : distance(word, lower) }
    })
    .filter(({ edits }) => edits <= Math.max(2, word.length / 3))
    .sort((one, other) => one.edits - other.edits)
    .slice(0, 5)
    .map(({ name }) => name)
}
