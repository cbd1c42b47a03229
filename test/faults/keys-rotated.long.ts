import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createLocalJWKSet, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from 'jose'
import { expect, test } from 'vitest'
import { connectMeraki } from '../steps/requests.ts'
import { Person } from '../support/person.ts'
import { type NodeProcess, startNode } from './node-process.ts'
import { patienceMs } from './scale.ts'
import { sqliteGround } from './sqlite-ground.ts'

interface Keys {
  readonly cookies: readonly string[]
  readonly signing: readonly object[]
}

/** Changes the key file while nothing runs, as an operator does, and starts again. */
async function restartWith(
  node: NodeProcess,
  data: string,
  change: (keys: Keys) => Partial<Keys>,
): Promise<void> {
  node.signal('SIGTERM')
  expect(await node.ended()).toEqual({ code: 0, signal: null })
  const path = join(data, 'keys.json')
  const keys = JSON.parse(readFileSync(path, 'utf8')) as Keys
  writeFileSync(path, JSON.stringify({ ...keys, ...change(keys) }))
  await node.start()
}

function signingKey(kid: string): object {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return { ...privateKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig', kid }
}

const publishedKeys = async ({ url }: NodeProcess): Promise<JSONWebKeySet> =>
  (await (await fetch(`${url}/v7/oauth2/provider/keys`)).json()) as JSONWebKeySet

async function idToken(node: NodeProcess): Promise<string> {
  const tokens = (await connectMeraki(node, new Person())) as unknown as { readonly id_token: string }
  return tokens.id_token
}

test(
  'R37: a signing key that was published before its use, with the one before kept, fails no verification',
  async () => {
    const { options, data } = sqliteGround()
    const node = await startNode({ options })
    const tokens = [await idToken(node)]
    const next = signingKey('next')

    await restartWith(node, data, ({ signing }) => ({ signing: [...signing, next] }))
    const cached = await publishedKeys(node)
    expect(cached.keys).toHaveLength(2)
    tokens.push(await idToken(node))
    await restartWith(node, data, ({ signing }) => ({ signing: [next, ...signing.slice(0, 1)] }))
    tokens.push(await idToken(node))
    const signedBy = tokens.map((token) => decodeProtectedHeader(token).kid)
    expect(signedBy[0]).toBe(signedBy[1])
    expect(signedBy[2]).toBe('next')
    for (const keys of [cached, await publishedKeys(node)])
      for (const token of tokens) await jwtVerify(token, createLocalJWKSet(keys), { issuer: node.url })
  },
  patienceMs,
)

test(
  'R38: sessions survive a cookie key before theirs, and end without an error when theirs is removed',
  async () => {
    const { options, data } = sqliteGround()
    const node = await startNode({ options })
    const [person, idle] = [new Person(), new Person()]
    for (const one of [person, idle]) await connectMeraki(node, one)
    const account = async (): Promise<string> => (await person.open(`${node.url}/account`)).text
    expect(await account()).toContain('Your connections')

    const key = randomBytes(32).toString('base64url')
    await restartWith(node, data, ({ cookies }) => ({ cookies: [key, ...cookies] }))
    expect(await account()).toContain('Your connections')
    const newer = new Person()
    await connectMeraki(node, newer)
    await restartWith(node, data, () => ({ cookies: [key] }))
    expect((await newer.open(`${node.url}/account`)).text).toContain('Your connections')
    // Whoever came by meanwhile has a cookie of the newer key.
    expect(await account()).toContain('Your connections')
    expect((await idle.open(`${node.url}/account`)).text).not.toContain('Your connections')
    expect(node.log()).not.toContain('"event":"failure"')
  },
  patienceMs,
)
