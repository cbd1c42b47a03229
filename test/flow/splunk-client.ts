/**
 * The Splunk ThousandEyes App's way to talk, by plain requests, as its published code does (thousandeyes-facts 1.4, 2.2, 2.3):
 * one token call without polling, a refresh on any 401 and one repetition, the same headers on every call.
 */
import { deviceGrantType, enterCode, type FormAnswer, postForm } from '../support/device.ts'
import type { RunningPanoptes } from '../support/panoptes.ts'
import { Person } from '../support/person.ts'
import { admin, splunkApp } from './integrations.ts'
import type { V7Answer } from './v7.ts'

/** What the app shows to its user when something is refused. */
export class ShownError extends Error {}

/** The tokens that the app stores for one account; data inputs and the weekly job read and overwrite the same ones. */
export interface StoredAccount {
  accessToken: string
  refreshToken: string
}

/** Its device authorization: only the status 200 counts. @throws ShownError with the `error_description` */
export async function authorizeInSplunk(service: RunningPanoptes): Promise<Record<string, unknown>> {
  const { status, body } = await postForm(`${service.url}/v7/oauth2/device/authorization`, {
    scope: splunkApp.scope,
    client_id: splunkApp.clientId,
  })
  if (status !== 200) throw new ShownError(String(body['error_description']))
  return body
}

const storedFrom = ({ status, body }: FormAnswer): StoredAccount => {
  const { access_token: accessToken, refresh_token: refreshToken } = body
  if (status !== 200 || typeof accessToken !== 'string')
    throw new ShownError(String(body['error_description']))
  if (typeof refreshToken !== 'string') throw new ShownError('no refresh token came')
  return { accessToken, refreshToken }
}

/** Its "Add": one token call. @throws ShownError with the `error_description` */
export async function addInSplunk(service: RunningPanoptes, deviceCode: string): Promise<StoredAccount> {
  return storedFrom(
    await postForm(`${service.url}/v7/oauth2/token`, {
      client_id: splunkApp.clientId,
      device_code: deviceCode,
      grant_type: deviceGrantType,
    }),
  )
}

/** The whole way: the app asks, the person confirms in another tab, the app adds the account. */
export async function addAccount(service: RunningPanoptes): Promise<StoredAccount> {
  const code = await authorizeInSplunk(service)
  const person = new Person()
  await enterCode(person, {
    verification_uri: String(code['verification_url']),
    user_code: String(code['user_code']),
  })
  await person.signIn(admin.email, admin.password)
  await person.press('Confirm')
  return addInSplunk(service, String(code['device_code']))
}

/** Its refresh: neither scope nor secret; both tokens are overwritten. @throws ShownError */
export async function refreshInSplunk(service: RunningPanoptes, account: StoredAccount): Promise<void> {
  const answer = await postForm(`${service.url}/v7/oauth2/token`, {
    grant_type: 'refresh_token',
    client_id: splunkApp.clientId,
    refresh_token: account.refreshToken,
  })
  Object.assign(account, storedFrom(answer))
}

export interface SplunkCall {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly path: string
  readonly json?: unknown
}

async function callOnce<Body>(
  service: RunningPanoptes,
  token: string,
  { method, path, json }: SplunkCall,
): Promise<V7Answer<Body>> {
  const response = await fetch(`${service.url}/v7${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      accept: 'application/hal+json',
      'content-type': 'application/json', // on GET as well
    },
    ...(json === undefined ? {} : { body: JSON.stringify(json) }),
    signal: AbortSignal.timeout(10_000),
  })
  const text = await response.text()
  const body: Body = text === '' ? '' : JSON.parse(text)
  return { status: response.status, headers: response.headers, body }
}

/** What it shows for a refusal: `errorMessage`, `error_description`, `errors[0]`, `title`, else the text. */
function shown(status: number, body: unknown): ShownError {
  const fields = (typeof body === 'object' ? body : {}) as Record<string, unknown>
  const [first] = Array.isArray(fields['errors']) ? fields['errors'] : []
  const message = fields['errorMessage'] ?? fields['error_description'] ?? first ?? fields['title'] ?? body
  return new ShownError(`${status} ${typeof message === 'string' ? message : JSON.stringify(message)}`)
}

/** A call as its API client makes it: any 401 refreshes and repeats once, a second one is an error. @throws ShownError */
export async function callFromSplunk<Body = unknown>(
  service: RunningPanoptes,
  account: StoredAccount,
  call: SplunkCall,
): Promise<V7Answer<Body>> {
  let answer = await callOnce<Body>(service, account.accessToken, call)
  if (answer.status === 401) {
    await refreshInSplunk(service, account)
    answer = await callOnce<Body>(service, account.accessToken, call)
  }
  if (answer.status >= 400) throw shown(answer.status, answer.body)
  return answer
}
