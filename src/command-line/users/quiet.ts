const loud = /[\p{Cc}\p{Cf}]/gu

/** Text with names that others chose, for a terminal: they can neither move its cursor nor turn the direction of its text. */
export const quiet = (text: string): string => text.replace(loud, '\uFFFD')

/** JSON on one line that says the same without such characters (RFC 8259 §7). */
export const quietJson = (value: unknown): string =>
  JSON.stringify(value).replace(loud, (character) =>
    Array.from(
      { length: character.length },
      (_, at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`,
    ).join(''),
  )
