import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { exchangeOf } from '../../src/traffic/exchange.ts'
import { seededDraws } from '../../src/traffic/faults.ts'
import type { Exchange } from '../../src/traffic/traffic.ts'
import { type Seen, sightingOf } from './sightings.ts'
import { hash, nameOf } from './start-observed.ts'

const read = (seen: Seen): Exchange => exchangeOf(sightingOf(seen), { hash, nameOf })

const draw = seededDraws(20_300_101)
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-'
const random = (length: number, from = alphabet): string =>
  Array.from({ length }, () => from[Math.floor(draw() * from.length)]).join('')

/** A digit early on, as a word without one may be a word. */
const secret = (): string => `${random(4)}7${random(6 + Math.floor(draw() * 30))}`

const made: Readonly<Record<string, () => string>> = {
  TOKEN: () => `${random(16)}.${random(43)}`,
  REFRESH: () => `${random(16)}.${Math.floor(draw() * 1e6)}.${random(43)}.${random(16)}`,
  JWT: () => `eyJ${random(20)}.${random(40)}.${random(43)}`,
  UID: () => random(43),
  APITOKEN: () => `panoptes_${random(75)}`,
  SECRET: secret,
  // Not a credential by name or form: it is there only to be kept apart.
  SECRET2: () => 'nothing',
}

const places = readFileSync(join(import.meta.dirname, 'secrets.txt'), 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))

/** A place with credentials of its own in it. */
function filled(place: string): { readonly text: string; readonly credentials: readonly string[] } {
  const credentials: string[] = []
  const text = place
    .replaceAll('\\n', '\n')
    .replace(/SECRET2|SECRET|APITOKEN|TOKEN|REFRESH|JWT|UID/g, (word) => {
      const credential = made[word]?.() ?? ''
      if (word !== 'SECRET2') credentials.push(credential)
      return credential
    })
  const encoded = text.replace(/b64\(([^)]*)\)/g, (_, plain: string) => {
    const whole = Buffer.from(plain).toString('base64')
    credentials.push(whole)
    return whole
  })
  return { text: encoded, credentials }
}

const header = (line: string): readonly string[] => {
  const colon = line.indexOf(':')
  return [line.slice(0, colon), line.slice(colon + 1).trim()]
}

function seenOf(text: string): Seen {
  const [where = '', first = '', ...rest] = text.split(/ \| ?/)
  const type = first === '-' ? [] : ['Content-Type', first]
  switch (where) {
    case 'url': {
      const [method = '', url = ''] = first.split(' ')
      return { method, url }
    }
    case 'header':
      return { headers: header(first) }
    case 'answer-header':
      return { answerHeaders: header(first) }
    case 'body':
      return { method: 'POST', headers: type, body: rest.join(' | ') }
    default:
      return { answerHeaders: type, answerBody: rest.join(' | ') }
  }
}

describe('what the journal shows', () => {
  test('some places were read', () => {
    expect(places.length).toBeGreaterThan(60)
  })

  test.each(places)('of %s holds no credential', (place) => {
    for (let round = 0; round < 20; round += 1) {
      const { text, credentials } = filled(place)
      const shown = JSON.stringify(read(seenOf(text)))
      expect(credentials.length).toBeGreaterThan(0)
      for (const credential of credentials) expect(shown).not.toContain(credential)
    }
  })

  test('holds none of them when all of them come in one exchange, wherever they are repeated', () => {
    for (let round = 0; round < 50; round += 1) {
      const all = Object.fromEntries(
        ['SECRET', 'TOKEN', 'REFRESH', 'JWT', 'UID'].map((word) => [word, made[word]?.() ?? '']),
      )
      const shown = JSON.stringify(
        read({
          method: 'POST',
          url: `/interaction/${all['UID']}?state=${all['SECRET']}`,
          headers: [
            'Cookie',
            `i=${all['UID']}`,
            'X-Note',
            `we met ${all['SECRET']}`,
            'Content-Type',
            'application/json',
          ],
          body: JSON.stringify({
            refresh_token: all['REFRESH'],
            note: `again ${all['SECRET']} and ${all['UID']}`,
          }),
          answerHeaders: ['X-Echo', String(all['SECRET']), 'X-Uid', String(all['UID'])],
          answerBody: `${all['JWT']} ${all['SECRET']} ${all['TOKEN']}`,
        }),
      )
      for (const credential of Object.values(all)) expect(shown).not.toContain(credential)
    }
  })
})

const placeholders = (exchange: Exchange): readonly string[] =>
  [...JSON.stringify(exchange).matchAll(/<[\w.-]+:([\w-]{8})>/g)].map(([, shown = '']) => shown)

describe('the same credential', () => {
  test.each(['TOKEN', 'REFRESH', 'SECRET', 'JWT', 'UID'])('%s is shown alike wherever it stands', (word) => {
    const credential = made[word]?.() ?? ''
    const exchanges = [
      read({ headers: ['Authorization', `Bearer ${credential}`] }),
      read({ headers: ['Cookie', `a=${credential}`] }),
      read({ headers: ['Cookie', `a="${credential}"`] }),
      read({ headers: ['Authorization', `Basic ${Buffer.from(`a:${credential}`).toString('base64')}`] }),
      read({ url: `/a?code=${credential}` }),
      read({ url: `/a?next=${encodeURIComponent(`/b?code=${credential}`)}` }),
      read({ method: 'POST', body: `token=${encodeURIComponent(credential)}` }),
      read({ method: 'POST', body: JSON.stringify({ password: credential }) }),
      read({
        method: 'POST',
        body: JSON.stringify({ headers: [{ value: `Bearer ${credential}`, name: 'authorization' }] }),
      }),
      read({ method: 'POST', body: JSON.stringify({ headers: [`Authorization: Bearer ${credential}`] }) }),
      read({ answerHeaders: ['Set-Cookie', `a=${credential}; Path=/`] }),
      read({ answerHeaders: ['Location', `https://x/cb?state=${credential}`] }),
    ]
    expect(exchanges.map(placeholders)).toEqual(exchanges.map(() => [hash(credential).slice(0, 8)]))
  })

  test('is told from another', () => {
    const [one, other] = [made['TOKEN']?.(), made['TOKEN']?.()].map(
      (token) => read({ url: `/a?code=${token}` }).query[0]?.[1],
    )
    expect(one).toMatch(/^<code:[\w-]{8}>$/)
    expect(one).not.toBe(other)
  })
})

const bodyOf = (type: string, body: string): string | undefined =>
  read({ method: 'POST', headers: ['Content-Type', type], body }).body?.text
const answerOf = (type: string, answerBody: string): string | undefined =>
  read({ answerHeaders: ['Content-Type', type], answerBody }).answer?.body?.text

describe('what is no credential stays', () => {
  test('in headers, the query and the path', () => {
    const flat = [
      'Host',
      'localhost:7070',
      'Accept',
      'text/html, */*;q=0.8',
      'User-Agent',
      'te-sdk/2.0 (python; 3.12.4)',
      'X-Request-Id',
      'AbCdEfGhIjKl.1z',
      'WWW-Authenticate',
      'Bearer realm="thousandeyes", error="invalid_token"',
      'X-Organization-Rate-Limit-Remaining',
      '239',
      'Date',
      'Tue, 01 Jan 2030 00:00:00 GMT',
    ]
    const url =
      '/oauth2/authorize?response_type=code&client_id=meraki&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM' +
      '&code_challenge_method=S256&nonce=n-0S6_WzA2Mj&scope=tests%3Aread+offline_access&redirect_uri=http%3A%2F%2Flocalhost%3A7070%2Fcb'
    const exchange = read({ url, headers: flat, answerHeaders: flat })
    expect(exchange.path).toBe('/oauth2/authorize')
    expect(exchange.query).toEqual([...new URLSearchParams(url.split('?')[1])])
    expect(exchange.headers.flat()).toEqual(flat)
    expect(exchange.answer?.headers.flat()).toEqual(flat)
  })

  test.each(['/v7/oauth2/device/authorization', '/oauth2/device', '/oauth2/device/', '/v7/tests/202701'])(
    'in the path %s',
    (path) => {
      expect(read({ url: `${path}?scope=tokens:manage%20tests:read&filter[name]=a` })).toMatchObject({
        path,
        query: [
          ['scope', 'tokens:manage tests:read'],
          ['filter[name]', 'a'],
        ],
      })
    },
  )

  test.each([
    [
      'application/x-www-form-urlencoded',
      'grant_type=refresh_token&client_id=meraki&scope=tests%3Aread&a=b+c',
    ],
    ['application/x-www-form-urlencoded', 'token_type_hint=access_token&client_assertion_type=urn%3Aietf'],
    ['application/json', '{ "name": "a test", "enabled": true, "interval": 60, "url": "www.example.com" }'],
    [
      'application/json',
      '{"hasToken":true,"password":null,"tokenUrl":"https://x.example/token","keyTtl":3600}',
    ],
    [
      'application/json',
      '{"headers":[{"name":"Accept","value":"text/html"}],"tags":[{"key":"a","value":"b"}]}',
    ],
    [
      'application/json',
      '{"authorization":{"type":"oauth2","oAuth2":{"clientId":"a","tokenUrl":"https://x"}}}',
    ],
    [
      'application/json',
      '{"name":"My secret test","value":"a","scopes":["tokens:manage tests:read"],"auth":{"type":"none"}}',
    ],
    ['application/json', '{\n  "password": null,\n  "authorization": {\n    "type": "none"\n  }\n}'],
    ['application/json', 'no json at all {'],
    ['application/x-www-form-urlencoded', 'scope=tokens%3Amanage+tests%3Aread&filter[name]=a&expand[]=tag'],
    ['text/plain', 'Note: the token of it is over\ntoken:\nx = y, {a: b}'],
    ['application/yaml', 'a: 1\nauthorization: {type: none}\ntoken: null'],
    ['text/plain', 'a plain text.'],
  ])('in a body of %s: %s', (type, text) => {
    expect(bodyOf(type, text)).toBe(text)
  })

  test.each([
    ['application/json', '{"alerts":[{"state":"active","ruleId":"127094"}],"code":"x"}'],
    ['application/problem+json', '{"type":"about:blank","title":"Forbidden","code":"scope_missing"}'],
    [
      'application/json',
      '{"testId":"202701","uuid":"123e4567-e89b-12d3-a456-426614174000","token_type":"Bearer","expires_in":300}',
    ],
    ['application/json', '{"token_endpoint":"http://a/token","code_challenge_methods_supported":["S256"]}'],
  ])('in an answer of %s: %s', (type, text) => {
    expect(answerOf(type, text)).toBe(text)
  })
})

describe('what is shown in the place of a credential', () => {
  test('keeps what stands around it', () => {
    const exchange = read({
      method: 'POST',
      url: '/interaction/0123456789abcdefghijklmnopqrstuvwxyzABCDEFG/sign-in',
      headers: [
        'Authorization',
        `Basic ${Buffer.from('meraki:s3cret-of-it').toString('base64')}`,
        'Cookie',
        'a=one7two; b=three8four',
      ],
      body: 'client_id=meraki&code=one7two&grant_type=authorization_code',
      answerHeaders: [
        'Set-Cookie',
        'a=five9six; Path=/; HttpOnly',
        'Location',
        'https://x/cb?code=one7two&iss=y',
      ],
      answerBody: '{ "access_token" : "one7two", "expires_in": 300 }',
    })
    const of = (credential: string): string => hash(credential).slice(0, 8)
    expect(exchange.path).toBe(
      `/interaction/<uid:${of('0123456789abcdefghijklmnopqrstuvwxyzABCDEFG')}>/sign-in`,
    )
    expect(exchange.headers.map(([, value]) => value)).toEqual([
      `Basic meraki:<password:${of('s3cret-of-it')}>`,
      `a=<cookie:${of('one7two')}>; b=<cookie:${of('three8four')}>`,
    ])
    expect(exchange.body?.text).toBe(
      `client_id=meraki&code=<code:${of('one7two')}>&grant_type=authorization_code`,
    )
    expect(exchange.answer?.headers.map(([, value]) => value)).toEqual([
      `a=<cookie:${of('five9six')}>; Path=/; HttpOnly`,
      `https://x/cb?code=<code:${of('one7two')}>&iss=y`,
    ])
    expect(exchange.answer?.body?.text).toBe(
      `{ "access_token" : "<access_token:${of('one7two')}>", "expires_in": 300 }`,
    )
  })

  test('says by which name it was told, and nothing else that stands in the name', () => {
    const of = hash('one7two-three').slice(0, 8)
    const exchange = read({
      url: '/a?access_token[]=one7two-three&foo[client_secret][eight8nine-ten]=one7two-three&x={"a":{"token":"one7two-three"}}',
      headers: ['X-Auth', 'Bearer one7two-three', 'X-Note', 'password: "one7two-three", b'],
    })
    expect(exchange.query.map(([, value]) => value)).toEqual([
      `<access_token:${of}>`,
      `<client_secret:${of}>`,
      `{"a":{"token":"<token:${of}>"}}`,
    ])
    expect(exchange.headers.map(([, value]) => value)).toEqual([
      `Bearer <token:${of}>`,
      `password: "<password:${of}>", b`,
    ])
  })

  test('keeps the name of a Basic scheme that is found twice, in a member and in the whole', () => {
    const basic = `Basic ${Buffer.from('meraki:s3cret-of-it').toString('base64')}`
    const body = JSON.stringify({ headers: { Authorization: basic }, all: [`Authorization: ${basic}`] })
    const shown = `Basic meraki:<password:${hash('s3cret-of-it').slice(0, 8)}>`
    expect(read({ method: 'POST', body }).body?.text).toBe(
      JSON.stringify({ headers: { Authorization: shown }, all: [`Authorization: ${shown}`] }),
    )
  })

  test('of a request in XML or HTML is nothing, as its title is not ours', () => {
    const body = '<title>hello</title>'
    for (const type of ['application/xml', 'text/html', 'application/json'])
      expect(read({ method: 'POST', headers: ['Content-Type', type], body }).body).toEqual({
        text: '',
        bytes: 20,
        isCut: true,
      })
  })

  test('is nothing where nothing stands', () => {
    const exchange = read({
      url: '/a?code=&state',
      headers: ['Cookie', 'a=', 'Authorization', ''],
      body: 'token=',
    })
    expect(placeholders(exchange)).toEqual([])
  })

  test('of a page is its title and first heading, which says that there was more', () => {
    const html =
      '<!doctype html><html><head><title>Sign in · Panoptes</title></head><body><h1 tabindex="-1">Sign <b>in</b></h1><p>x</p><h1>two</h1></body></html>'
    expect(read({ answerHeaders: ['Content-Type', 'text/html'], answerBody: html }).answer?.body).toEqual({
      text: 'Sign in · Panoptes\nSign in',
      bytes: Buffer.byteLength(html),
      isCut: true,
    })
  })

  test('of what cannot be read is nothing but its length', () => {
    expect(read({ answerHeaders: ['Content-Type', 'image/png'], answerBody: 'abc' }).answer?.body).toEqual({
      text: '',
      bytes: 3,
      isCut: true,
    })
    const coded = read({ headers: ['Content-Encoding', 'gzip', 'Content-Type', 'text/plain'], body: 'abc' })
    expect(coded.body).toEqual({ text: '', bytes: 3, isCut: true })
  })

  test('of the value of a credential of transaction scripts is a placeholder', () => {
    const body = '{"name":"login","value":"any7thing"}'
    expect(read({ method: 'POST', url: '/v7/credentials?aid=1', body }).body?.text).toMatch(
      /"value":"<value:[\w-]{8}>"/,
    )
    expect(read({ method: 'POST', url: '/v7/tags', body }).body?.text).toBe(body)
  })
})

describe('reading takes little time', () => {
  const size = 64 * 1024
  test.each([
    ['one letter', 'a'.repeat(size)],
    ['beginnings of a JWT', 'eyJ'.repeat(size / 3)],
    ['beginnings of many JWT', 'eyJaaaaaaaaaa.'.repeat(size / 14)],
    ['openings', '{['.repeat(size / 2)],
    ['quotes', '{"'.repeat(size / 2)],
    ['escapes', `{"a":"${'\\"'.repeat(size / 2)}`],
    ['tags', `<h1>${'<'.repeat(size)}`],
    ['headings', '<h1'.repeat(size / 3)],
    ['separators', '&='.repeat(size / 2)],
    ['percent signs', 'a=%'.repeat(size / 3)],
    ['nested percent signs', `a=${'%25'.repeat(size / 3)}`],
    ['slashes', '/'.repeat(size)],
    ['dots', `${'a'.repeat(16)}.`.repeat(size / 17)],
    ['schemes', 'bearer '.repeat(size / 7)],
    ['space', `bearer${' '.repeat(size)}`],
    ['colons', 'a: '.repeat(size / 3)],
    ['brackets', `a${'['.repeat(size)}`],
    ['opening brackets and names', '[token'.repeat(size / 6)],
    ['names in brackets', `a${'[token]'.repeat(size / 7)}=b`],
    ['names without values', 'token:\n'.repeat(size / 7)],
    ['names as values', 'token: '.repeat(size / 7)],
    ['names and quotes', `"token":"`.repeat(size / 9)],
    ['names and escaped quotes', `\\"token\\":\\"`.repeat(size / 12)],
    ['backslashes', `"token":${'\\'.repeat(size)}`],
    ['quotes behind backslashes', `"a\\`.repeat(size / 3)],
    ['an open quote', `token="${'a '.repeat(size / 2)}`],
    ['set-cookies in each other', `"set-cookie":"a=b;'set-cookie':'a=b;%25`.repeat(size / 40)],
    ['lines', 'a:\n'.repeat(size / 3)],
    ['space at the end of a line', `token: a${' '.repeat(size)}\n b`],
    ['space and a colon', `${' '.repeat(size)}token: a`],
    ['commas', `token: ${'a,'.repeat(size / 2)}`],
    ['equals signs', '='.repeat(size)],
    ['space before equals signs', 'a  '.repeat(size / 3)],
    ['user codes', '/oauth2/device/'.repeat(size / 15)],
    ['JSON in percent signs', `a=${'%7B%22token%22%3A%22'.repeat(size / 20)}`],
    ['JSON in JSON', `{"a":"${'{\\"token\\":\\"b'.repeat(size / 15)}`],
    ['many secrets', 'token=abcdefgh1&'.repeat(size / 16)],
    ['many different secrets', Array.from({ length: 4000 }, (_, index) => `token=abcdef${index}`).join('&')],
  ])('even of 64 kB of %s', (_, text) => {
    const startedAt = performance.now()
    for (const type of ['application/json', 'text/html', 'text/plain', 'application/x-www-form-urlencoded']) {
      bodyOf(type, text)
      answerOf(type, text)
    }
    read({ url: `/a?${text}`, headers: ['X-Anything', text, 'Cookie', text, 'Authorization', text] })
    expect(performance.now() - startedAt).toBeLessThan(3000)
  })
})
