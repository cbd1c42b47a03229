/** Models of sample pages: ordinary text, and text by which others try to break out of a page. */
import type { ConfirmPage } from '#authorization-server/confirm-page.ts'
import type { DeviceRequest } from '#authorization-server/device-request.ts'
import type { AccountGroupId } from '#domain/account-group.ts'
import type { ScopeWord } from '#domain/scope.ts'
import type { LimitsInWords } from '#http/limits-in-words.ts'
import type { LandingPage } from '#playground/pages.ts'

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

export const scopes: readonly ScopeWord[] = [
  { name: 'agents:manage', meaning: 'See and change agents' },
  { name: 'organization:read', meaning: 'See the organization, its account groups and users' },
  { name: 'templates:deploy', meaning: 'Deploy templates' },
  { name: 'templates:manage', meaning: 'See, create, change and delete templates' },
  { name: 'tests:manage', meaning: 'See, create, change and delete tests' },
  { name: 'offline_access', meaning: 'Stay connected while you are not signed in' },
  { name: 'openid', meaning: 'Know who you are' },
  { name: 'email', meaning: 'See your email address' },
]

/** Read-only, and limited to more operations than are shown at once. */
export const limits: LimitsInWords = {
  isReadOnly: true,
  operations: {
    shown: Array.from(
      { length: 6 },
      (_, index) => `GET /v7/test-results/{testId}/path-vis/detailed/${index}`,
    ),
    further: ['GET /v7/tests', 'GET /v7/tests/{testId}/history', 'POST /v7/endpoint/agents/filter'],
  },
}

/** As many account groups as an enterprise has. */
export const accountGroups = (text: SampleText, count: number): ConfirmPage['accountGroups'] =>
  Array.from({ length: count }, (_, index) => ({
    aid: `${1101 + index}` as AccountGroupId,
    name: `${text.group} ${index + 1}`,
    isLogin: index === 0,
  }))

export const deviceRequest = (text: SampleText): DeviceRequest => ({
  userCode: 'LBJW-MLHV',
  address: '2001:db8:85a3::8a2e:370:7334',
  browserAddress: '198.51.100.7',
  userAgent: text.userAgent,
  askedSecondsAgo: 95,
})

/** A request for account groups that all stand checked. */
export const confirmWith = (text: SampleText, groups: ConfirmPage['accountGroups']): ConfirmPage => {
  const chosen = groups.map(({ aid }) => aid)
  return { ...confirmModel(text), accountGroups: groups, chosen }
}

export const confirmModel = (text: SampleText): ConfirmPage => ({
  action: '/interaction/k3V2/confirm',
  csrf: 'sample',
  integration: text.integration,
  isSelfRegistered: false,
  email: text.email,
  region: 'us1',
  organization: text.organization,
  scopes,
  accountGroups: [
    { aid: '1101' as AccountGroupId, name: 'Acme HQ', isLogin: true },
    { aid: '1102' as AccountGroupId, name: text.group, isLogin: false },
  ],
  chosen: ['1101' as AccountGroupId, '1102' as AccountGroupId],
  isChosen: false,
  problem: undefined,
  earlier: undefined,
  wordOf: (name) => ({ name, meaning: `See ${name}` }),
  lifetimes: { accessSeconds: 600, idleSeconds: 7 * 86_400, absoluteSeconds: 180 * 86_400 },
  limits: undefined,
  accountHref: '/account',
  device: undefined,
})

/** What the same user gave before: more in some things, less in others. */
export const earlier = (text: SampleText): NonNullable<ConfirmPage['earlier']> => ({
  createdAt: Date.UTC(2026, 8, 1, 9, 12),
  scopes: ['agents:manage', 'organization:read', 'alerts:read', text.code, 'offline_access', 'openid'],
  accountGroups: ['1101' as AccountGroupId, '1109' as AccountGroupId, '1110' as AccountGroupId],
})

export const landingModel: LandingPage = {
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
      apiKey: 'f537f4ac-2921-3199-bbab-d5a43f1c2b60',
    },
    {
      email: 'viewer@acme.example',
      region: 'us1',
      password: 'panoptes-us1',
      role: 'Regular User in Acme HQ',
      apiKey: undefined,
    },
    {
      email: 'admin@globex.example',
      region: 'us2',
      password: 'panoptes-us2',
      role: 'Organization Admin',
      apiKey: undefined,
    },
    {
      email: 'admin@initech.example',
      region: 'eu1',
      password: 'panoptes-eu1',
      role: 'Organization Admin',
      apiKey: undefined,
    },
    {
      email: 'anyone@sso.example',
      region: 'us1',
      password: undefined,
      role: 'Account Admin in Acme HQ',
      apiKey: undefined,
    },
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

/** As a large seed has them. */
export const manyUsers: LandingPage = {
  ...landingModel,
  users: Array.from({ length: 203 }, (_, index) => ({
    email: `user-${index + 1}@acme.example`,
    region: 'us1',
    password: 'panoptes-us1',
    role: 'Regular User in 1101',
    apiKey: undefined,
  })),
}
