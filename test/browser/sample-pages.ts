/** Every page with sample models, for the page tests and for looking at them (`node scripts/preview-pages.ts`). */
import { type AccountConnection, type AccountPage, accountPage } from '#account/pages.ts'
import { type ConfirmPage, confirmPage, type DeviceRequest } from '#authorization-server/confirm-page.ts'
import { deviceCodePage, deviceConfirmationPage, deviceDonePage } from '#authorization-server/device-pages.ts'
import { continuePage, signedOutPage, signOutPage } from '#authorization-server/pages.ts'
import type { AccountGroupId } from '#domain/account-group.ts'
import type { GrantTag } from '#domain/grant.ts'
import type { ScopeWord } from '#domain/scope.ts'
import { errorPage, tooManyAttemptsPage } from '#http/error-page.ts'
import type { Views } from '#http/page.ts'
import { passwordPage, signInPage } from '#http/sign-in-page.ts'
import { callbackPage, type LandingPage, landingPage } from '#playground/pages.ts'

/** Text that other people control. */
export interface SampleText {
  readonly integration: string
  readonly email: string
  readonly organization: string
  readonly group: string
  readonly userAgent: string
  /** As typed into the field Code. */
  readonly code: string
  readonly description: string
}

export const ordinaryText: SampleText = {
  integration: 'Cisco SD-WAN Manager',
  email: 'admin@acme.example',
  organization: 'Acme Networks',
  group: 'Acme Branches',
  userAgent: 'vmanage/20.18.2 (linux; x86_64)',
  code: 'LBJW-MLHV',
  description: 'missing required parameter(s) (code_challenge)',
}

/** Tries to leave its element, to run, to style, to turn the text around and to hide; and is long. */
export const hostileText: SampleText = {
  integration: `"><script>document.title='owned'</script>\u202Eikarem\u200B<img src=x onerror=alert(1)>`,
  email: `a'"><svg onload=alert(1)>@${'very-long-company-name-without-a-break'.repeat(4)}.example`,
  organization: `</title></dd><style>*{display:none}</style>\u2066\u00AD&amp;`,
  group: `{{7*7}}<%= 7 * 7 %>\u200F${'W'.repeat(180)}`,
  userAgent: `x\u0000\u001B[31m</code><iframe src="https://evil.example"></iframe>${'A'.repeat(300)}`,
  code: `"><img src=x onerror=alert(1)>\u202E`,
  description: `' onmouseover='alert(1)\u2028<base href="https://evil.example/">`,
}

const scopes: readonly ScopeWord[] = [
  { name: 'agents:manage', meaning: 'See and change agents' },
  { name: 'organization:read', meaning: 'See the organization, its account groups and users' },
  { name: 'templates:deploy', meaning: 'Deploy templates' },
  { name: 'templates:manage', meaning: 'See, create, change and delete templates' },
  { name: 'tests:manage', meaning: 'See, create, change and delete tests' },
  { name: 'offline_access', meaning: 'Stay connected while you are not signed in' },
  { name: 'openid', meaning: 'Know who you are' },
  { name: 'email', meaning: 'See your email address' },
]

const deviceRequest = (text: SampleText): DeviceRequest => ({
  userCode: 'LBJW-MLHV',
  address: '2001:db8:85a3::8a2e:370:7334',
  userAgent: text.userAgent,
  askedSecondsAgo: 95,
})

const confirmModel = (text: SampleText): ConfirmPage => ({
  action: '/interaction/k3V2/confirm',
  csrf: 'sample',
  integration: text.integration,
  email: text.email,
  region: 'us1',
  organization: text.organization,
  scopes,
  accountGroups: [
    { aid: '1101' as AccountGroupId, name: 'Acme HQ' },
    { aid: '1102' as AccountGroupId, name: text.group },
  ],
  lifetimes: { accessSeconds: 600, idleSeconds: 7 * 86_400, absoluteSeconds: 180 * 86_400 },
  accountHref: '/account',
  device: undefined,
})

const connection = (text: SampleText, tag: string): AccountConnection => ({
  tag: tag as GrantTag,
  createdAt: Date.UTC(2026, 8, 1, 9, 12),
  lastUsedAt: Date.UTC(2026, 9, 7, 7, 3),
  expiresAt: Date.UTC(2027, 1, 28, 9, 12),
  integration: text.integration,
  region: 'us1',
  scopes,
  accountGroups: [{ aid: '1102' as AccountGroupId, name: text.group }],
})

const accountModel = (text: SampleText): AccountPage => ({
  csrf: 'sample',
  disconnectAction: '/account/disconnect',
  signOutAction: '/account/sign-out',
  name: 'Ada Admin',
  email: text.email,
  region: 'us1',
  organization: text.organization,
  connections: [connection(text, 'AAAAAAAAAAAAAAAA'), connection(text, 'BBBBBBBBBBBBBBBB')],
  disconnected: undefined,
})

const landingModel: LandingPage = {
  origin: 'http://localhost:7070',
  accountHref: '/account',
  endpoints: [
    {
      name: 'Authorization server metadata',
      url: 'http://localhost:7070/.well-known/oauth-authorization-server',
    },
    { name: 'Authorization', url: 'http://localhost:7070/oauth2/authorize' },
    { name: 'Token', url: 'http://localhost:7070/v7/oauth2/token' },
    { name: 'Device authorization', url: 'http://localhost:7070/v7/oauth2/device/authorization' },
    { name: 'Device page', url: 'http://localhost:7070/oauth2/device' },
    { name: 'v7 API', url: 'http://localhost:7070/v7' },
  ],
  users: [
    {
      email: 'admin@acme.example',
      region: 'us1',
      password: 'panoptes-us1',
      role: 'Organization Admin, both groups',
    },
    {
      email: 'viewer@acme.example',
      region: 'us1',
      password: 'panoptes-us1',
      role: 'Regular User in Acme HQ',
    },
    { email: 'admin@globex.example', region: 'us2', password: 'panoptes-us2', role: 'Organization Admin' },
    { email: 'admin@initech.example', region: 'eu1', password: 'panoptes-eu1', role: 'Organization Admin' },
    { email: 'anyone@sso.example', region: 'us1', password: undefined, role: 'Account Admin in Acme HQ' },
  ],
  clients: [
    {
      name: 'Cisco SD-WAN Manager',
      clientId: 'sd-wan-manager',
      clientSecret: undefined,
      grantType: 'device code',
    },
    {
      name: 'Meraki',
      clientId: 'meraki',
      clientSecret: 'meraki-secret',
      grantType: 'authorization code',
    },
    {
      name: 'Splunk ThousandEyes App',
      clientId: '0oalgciz1dyS1Uonr697',
      clientSecret: undefined,
      grantType: 'device code',
    },
  ],
  commands: [
    {
      title: 'Call the v7 API with a User API Token',
      command:
        'curl http://localhost:7070/v7/tests --header "Authorization: Bearer f537f4ac-2921-3199-bbab-d5a43f1c2b60"',
    },
    {
      title: 'Ask for a device code',
      command:
        'curl http://localhost:7070/v7/oauth2/device/authorization -d client_id=sd-wan-manager -d scope="tests:manage agents:manage"',
    },
    {
      title: 'Read what the authorization server offers',
      command: 'curl http://localhost:7070/.well-known/oauth-authorization-server',
    },
  ],
}

const exchange = {
  tokenEndpoint: 'http://localhost:7070/v7/oauth2/token',
  clientId: 'meraki',
  clientSecret: 'meraki-secret',
  redirectUri: 'http://localhost:7070/playground/meraki/callback',
  code: 'u7Jd0s-W2kqLm9ZxYc.4hQv8bTn1RfEaKpGyOiUs3DlXw',
}

const answer = (text: SampleText): Parameters<typeof callbackPage>[1] => ({
  integration: 'Meraki',
  parameters: [
    { name: 'code', value: exchange.code },
    { name: 'state', value: text.description },
    { name: 'iss', value: 'http://localhost:7070' },
  ],
  exchange,
})

const signIn = { action: '/interaction/k3V2/sign-in', csrf: 'sample' } as const
const deviceForm = { action: '/oauth2/device', xsrf: 'sample' } as const
const error = { requestId: '0192d5c1-7b1e-7c3a-9f62-5f3c1d2e4a90' } as const

/** @returns the HTML of every page in each of its states, by name; `continue` is the one that leaves at once */
export function samplePages(views: Views, text: SampleText): Readonly<Record<string, string>> {
  const { integration, email } = text
  const accountHref = '/account'
  const device = deviceRequest(text)
  return {
    'sign-in': signInPage(views, {
      ...signIn,
      integration,
      region: 'default',
      email: '',
      problem: undefined,
    }),
    'sign-in-problem': signInPage(views, {
      ...signIn,
      integration: undefined,
      region: 'eu1',
      email,
      problem: 'email-malformed',
    }),
    'sign-in-region-problem': signInPage(views, {
      ...signIn,
      integration,
      region: 'default',
      email,
      problem: 'region-unknown',
    }),
    password: passwordPage(views, { ...signIn, integration, region: 'default', email, problem: undefined }),
    'password-problem': passwordPage(views, {
      ...signIn,
      integration: undefined,
      region: 'eu1',
      email,
      problem: 'not-recognized',
    }),
    confirm: confirmPage(views, confirmModel(text)),
    'confirm-device': confirmPage(views, { ...confirmModel(text), device }),
    'confirm-bare': confirmPage(views, {
      ...confirmModel(text),
      accountGroups: [],
      device: { ...device, userAgent: undefined },
    }),
    'device-code': deviceCodePage(views, { ...deviceForm, code: '', problem: undefined }),
    'device-code-problem': deviceCodePage(views, { ...deviceForm, code: text.code, problem: 'expired' }),
    'device-code-declined': deviceCodePage(views, { ...deviceForm, code: '', problem: 'declined' }),
    'device-confirmation': deviceConfirmationPage(views, { ...deviceForm, integration, device }),
    'device-confirmation-bare': deviceConfirmationPage(views, {
      ...deviceForm,
      integration,
      device: { ...device, userAgent: undefined },
    }),
    'device-done': deviceDonePage(views, {
      integration,
      email,
      region: 'us1',
      accountHref,
      signOutHref: '/oauth2/logout',
    }),
    continue: continuePage(views, {
      destination: new URL('/arrived?code=a&state="<b>', origin),
      integration,
    }),
    'sign-out': signOutPage(views, { action: '/oauth2/logout', xsrf: 'sample', integration, accountHref }),
    'sign-out-own': signOutPage(views, {
      action: '/oauth2/logout',
      xsrf: 'sample',
      integration: undefined,
      accountHref,
    }),
    'signed-out': signedOutPage(views, { integration: undefined, accountHref }),
    'signed-out-integration': signedOutPage(views, { integration, accountHref }),
    error: errorPage(views, {
      ...error,
      status: 400,
      code: 'invalid_request',
      description: text.description,
    }),
    'error-not-found': errorPage(views, { ...error, status: 404 }),
    'error-unexpected': errorPage(views, { ...error, status: 500 }),
    'too-many-attempts': tooManyAttemptsPage(views, { ...error, retryAfterSeconds: 900 }),
    account: accountPage(views, accountModel(text)),
    'account-disconnected': accountPage(views, {
      ...accountModel(text),
      connections: [{ ...connection(text, 'CCCCCCCCCCCCCCCC'), accountGroups: [] }],
      disconnected: integration,
    }),
    'account-empty': accountPage(views, { ...accountModel(text), connections: [] }),
    landing: landingPage(views, landingModel),
    callback: callbackPage(views, answer(text)),
    'callback-denied': callbackPage(views, {
      integration: 'Meraki',
      parameters: [
        { name: 'error', value: 'access_denied' },
        { name: 'error_description', value: text.description },
      ],
      exchange: undefined,
    }),
    'callback-empty': callbackPage(views, { integration: 'Meraki', parameters: [], exchange: undefined }),
  }
}

/** The integration's origin, where the continue page leads; nothing listens there. */
const origin = 'http://integration.invalid'
