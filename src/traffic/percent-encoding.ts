/** Well written percent signs, one after the other, as a character may need several. */
const percentEncoded = /(?:%[0-9a-f]{2})+/gi

/** @returns the text without its percent signs, but for those that are not well written */
export const decoded = (text: string): string =>
  text.replace(percentEncoded, (found) => {
    try {
      return decodeURIComponent(found)
    } catch {
      return found
    }
  })
