/** The device flow of RFC 8628 by hand: what the device posts, and what the person does with the code it shows. */
import type { RunningPanoptes } from './panoptes.ts'
import type { Page, Person } from './person.ts'

export const deviceGrantType = 'urn:ietf:params:oauth:grant-type:device_code'

/** The answer to a form, as a program reads it. */
export interface FormAnswer {
  readonly status: number
  readonly headers: Headers
  readonly body: Readonly<Record<string, unknown>>
}

/** What a device is told (RFC 8628 §3.2), with the spelling that the Splunk app reads. */
export interface DeviceAuthorization {
  readonly device_code: string
  readonly user_code: string
  readonly verification_uri: string
  readonly verification_uri_complete: string
  readonly verification_url: string
  readonly expires_in: number
  readonly interval: number
}

/** Posts a form as programs do: no cookies, no redirects. */
export async function postForm(url: string, fields: Readonly<Record<string, string>>): Promise<FormAnswer> {
  const response = await fetch(url, {
    method: 'POST',
    body: new URLSearchParams(fields),
    redirect: 'manual',
    signal: AbortSignal.timeout(10_000),
  })
  const text = await response.text()
  return { status: response.status, headers: response.headers, body: text === '' ? {} : JSON.parse(text) }
}

/** A refusal that a program read from a body, with the members that the libraries' own errors have. */
export class Refused extends Error {
  readonly status: number
  readonly error: string
  readonly error_description: string

  constructor({ status, body }: FormAnswer) {
    super(JSON.stringify(body))
    this.status = status
    this.error = String(body['error'])
    this.error_description = String(body['error_description'])
  }
}

/** A device asks for a code. @throws Refused */
export async function askForCode(
  service: RunningPanoptes,
  device: { readonly clientId: string; readonly scope: string },
): Promise<DeviceAuthorization> {
  const answer = await postForm(`${service.url}/v7/oauth2/device/authorization`, {
    client_id: device.clientId,
    scope: device.scope,
  })
  if (answer.status !== 200) throw new Refused(answer)
  return answer.body as unknown as DeviceAuthorization
}

/** A device asks once whether the person has decided (RFC 8628 §3.4). */
export const poll = (
  service: Pick<RunningPanoptes, 'url'>,
  device: { readonly clientId: string; readonly deviceCode: string },
): Promise<FormAnswer> =>
  postForm(`${service.url}/v7/oauth2/token`, {
    grant_type: deviceGrantType,
    client_id: device.clientId,
    device_code: device.deviceCode,
  })

/** The person types the code on the verification page and says that the device is theirs. @returns the next page: sign in or confirm */
export async function enterCode(
  person: Person,
  code: Pick<DeviceAuthorization, 'verification_uri' | 'user_code'>,
): Promise<Page> {
  await person.open(code.verification_uri)
  await person.press('Continue', { user_code: code.user_code })
  return person.press('Continue')
}

/** The person follows the link or QR code instead, sends the code that stands there and says that the device is theirs. */
export async function followLink(person: Person, link: string): Promise<Page> {
  await person.open(link)
  await person.press('Continue')
  return person.press('Continue')
}
