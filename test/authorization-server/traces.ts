/** Looks for secrets where none may be: in the files of a data directory and in the log (security-cases K01). */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** What of a text is sure to stand in its base64, wherever in an encoded whole the text began. */
function base64Forms(text: string): readonly string[] {
  return [0, 1, 2].flatMap((offset) => {
    const whole = Buffer.concat([Buffer.alloc(offset), Buffer.from(text)]).toString('base64')
    // The first and last characters also hold bits of the neighbours.
    const sure = whole.slice(offset === 0 ? 0 : 4, -4)
    return sure.length < 8 ? [] : [sure, sure.replaceAll('+', '-').replaceAll('/', '_')]
  })
}

/** Clear, percent-encoded, hexadecimal, base64 and base64url. */
const formsOf = (secret: string): readonly string[] => [
  secret,
  encodeURIComponent(secret),
  Buffer.from(secret).toString('hex'),
  ...base64Forms(secret),
]

/** The names of the secrets of which a trace stands in the text. */
export const tracesIn = (text: string, secrets: ReadonlyMap<string, string>): readonly string[] =>
  [...secrets]
    .filter(([, secret]) => formsOf(secret).some((form) => text.includes(form)))
    .map(([name]) => name)

/** The database and its companions, byte for byte, by name; the key file is another matter. */
export const databaseFiles = (directory: string): ReadonlyMap<string, string> =>
  new Map(
    readdirSync(directory)
      .filter((name) => name.startsWith('panoptes.db'))
      .map((name) => [name, readFileSync(join(directory, name)).toString('latin1')] as const),
  )

/** Every run of characters of a database that could be a token, a code or an id. */
export function stringsIn(files: Iterable<string>): ReadonlySet<string> {
  const found = new Set<string>()
  for (const content of files) {
    for (const [whole] of content.matchAll(/[\w.~:-]{12,}/g)) {
      found.add(whole)
      for (const part of whole.split(/[:.]/)) if (part.length >= 12) found.add(part)
    }
  }
  return found
}
