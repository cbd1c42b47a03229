/** Which names promise a credential: of headers, parameters and members of JSON, in every spelling of OAuth and of v7. */

const spelled = (name: string): string => name.toLowerCase().replace(/[_-]/g, '')

const endings =
  /(?:token|secret|password|passwd|passphrase|apikey|accesskey|secretkey|subscriptionkey|privatekey|authorization|cookie|assertion|verifier|csrf|xsrf|devicecode|usercode|idtokenhint)$/

/** `sid` is the id of a session. */
const whole: ReadonlySet<string> = new Set(['sid', 'session_id'])

/** Words of v7 too, where they are no credential: the state of an alert, the code of an error. */
const parametersOnly: ReadonlySet<string> = new Set(['code', 'state'])

/** Whether what stands under this name is a credential, wherever it stands: `access_token`, `clientSecret`, `X-Api-Key`. */
export const isSecretName = (name: string): boolean => whole.has(name) || endings.test(spelled(name))

/** The same for the query, a form and the fragment of an address, where OAuth has `code` and `state`. */
export const isSecretParameter = (name: string): boolean => parametersOnly.has(name) || isSecretName(name)
