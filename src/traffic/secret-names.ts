/** Which names promise a credential: of headers, parameters and members of JSON, in every spelling of OAuth and of v7. */

const spelled = (name: string): string => name.toLowerCase().replace(/[_-]/g, '')

/** `sid` is the id of a session. */
const endings =
  /(?:token|secret|password|passwd|pwd|passphrase|apikey|accesskey|secretkey|subscriptionkey|privatekey|authorization|cookie|assertion|verifier|csrf|xsrf|devicecode|usercode|idtokenhint|bearer|jwt|^x?auth|^x?sessionid|^sid)$/

/** Words of v7 too, where they are no credential: the state of an alert, the code of an error, the key of a tag, a ticket of support. */
const parametersOnly: ReadonlySet<string> = new Set([
  'code',
  'state',
  'key',
  'ticket',
  'samlresponse',
  'relaystate',
])

/** Whether a name without brackets, dots and space around it is that of a credential. */
export const isSecretWord = (word: string): boolean => endings.test(spelled(word))

/** Each part counts by itself: of `client[secret]`, `access_token[]`, ` token `. */
const wordOf = (name: string, isMeant: (word: string) => boolean): string | undefined =>
  name.split(/[^\w-]+/).find(isMeant)

const isSecretParameterWord = (word: string): boolean =>
  parametersOnly.has(word.toLowerCase()) || isSecretWord(word)

/** Whether what stands under this name is a credential, wherever it stands: `access_token`, `clientSecret`, `X-Api-Key`. */
export const isSecretName = (name: string): boolean => wordOf(name, isSecretWord) !== undefined

/** The same for the query, a form and the fragment of an address, where OAuth has `code` and `state`. */
export const isSecretParameter = (name: string): boolean => wordOf(name, isSecretParameterWord) !== undefined

/** @returns the part of a name that promises a credential; the others may hold one */
export const secretWordOf = (name: string): string | undefined => wordOf(name, isSecretParameterWord)
