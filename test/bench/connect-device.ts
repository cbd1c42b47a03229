import { Person } from '../support/person.ts'

const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code'

async function post(url: string, form: Readonly<Record<string, string>>): Promise<Record<string, string>> {
  const response = await fetch(url, {
    method: 'POST',
    body: new URLSearchParams(form),
    signal: AbortSignal.timeout(10_000),
  })
  const body = (await response.json()) as Record<string, string>
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${JSON.stringify(body)}`)
  return body
}

/** Connects a device as a person does, through all the pages. @returns the token answer */
export async function connectDevice(url: string, scope: string): Promise<Record<string, string>> {
  const device = await post(`${url}/v7/oauth2/device/authorization`, { client_id: 'sd-wan-manager', scope })
  const person = new Person()
  await person.open(device['verification_uri_complete'] ?? '')
  await person.press('Continue')
  await person.press('Continue')
  await person.signIn('admin@acme.example', 'panoptes-us1')
  await person.press('Confirm')
  return post(`${url}/v7/oauth2/token`, {
    grant_type: deviceGrant,
    client_id: 'sd-wan-manager',
    device_code: device['device_code'] ?? '',
  })
}
