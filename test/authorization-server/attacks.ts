import { readFileSync } from 'node:fs'

const escapes: Readonly<Record<string, string>> = { t: '\t', r: '\r', n: '\n', s: ' ', '\\': '\\' }

/** What `\t \r \n \s \\ \uXXXX \u{X}` stand for; any other backslash is one. */
const unescaped = (line: string): string =>
  line.replace(
    /\\(?:u\{([0-9a-f]+)\}|u([0-9a-f]{4})|([trns\\]))/gi,
    (_all, long: string | undefined, short: string | undefined, letter = '') =>
      long !== undefined || short !== undefined
        ? String.fromCodePoint(Number.parseInt(long ?? short ?? '', 16))
        : (escapes[letter] ?? letter),
  )

/** The lines of a file of test/hostile as they stand, without comments, which begin with `# `. @throws when there are none */
export function linesOf(file: string): readonly string[] {
  const text = readFileSync(new URL(`../hostile/${file}`, import.meta.url), 'utf8')
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('# '))
  if (lines.length === 0) throw new Error(`${file} holds no attack`)
  return lines
}

/** The attacks of a file, one a line, with the escapes for what an editor would lose put back. */
export const attacksOf = (file: string): readonly string[] => linesOf(file).map(unescaped)
