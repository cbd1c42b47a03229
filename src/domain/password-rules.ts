/** What a password must be (thousandeyes-facts 4: at least 8 characters of at least three kinds). Longest and shortest are in characters. */
const shortest = 8
/** Ours: long enough for any passphrase, short enough that hashing it costs nobody anything. */
const longest = 256
const kindsNeeded = 3

const kinds: readonly (readonly [name: string, of: RegExp])[] = [
  ['a digit', /\p{Nd}/u],
  ['a symbol', /[^\p{Nd}\p{Lu}\p{Lt}\p{Ll}]/u], // spaces too, and letters of scripts without cases
  ['an upper-case letter', /[\p{Lu}\p{Lt}]/u],
  ['a lower-case letter', /\p{Ll}/u],
]

/** The one form in which a password is judged and hashed: another keyboard gives other code points for it (RFC 8265 §4.2). */
export const normalizedPassword = (password: string): string => password.normalize('NFKC')

/** The rules in a sentence, for whoever is about to choose. */
export const passwordRules: string = `At least ${shortest} characters, with at least ${kindsNeeded} of these: a digit, a symbol, an upper-case letter, a lower-case letter. Not your email address.`

const inWords = (names: readonly string[]): string =>
  names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`

/** @returns in a sentence what the password lacks, or undefined when it meets every rule */
export function passwordProblem(password: string, email: string): string | undefined {
  const chosen = normalizedPassword(password)
  const length = [...chosen].length
  if (length < shortest) return `The password has ${length} characters; it needs at least ${shortest}.`
  if (length > longest) return `The password has ${length} characters; it may have at most ${longest}.`
  const missing = kinds.filter(([, of]) => !of.test(chosen)).map(([name]) => name)
  const lacking = kindsNeeded - (kinds.length - missing.length)
  if (lacking > 0)
    return `The password has too few kinds of characters; add ${lacking === 1 ? '' : `${lacking} of: `}${inWords(missing)}.`
  return normalizedPassword(email.trim()).toLowerCase() === chosen.trim().toLowerCase()
    ? 'The password is the email address; choose something that others cannot know.'
    : undefined
}
