import type { Redis } from 'ioredis'
import request from 'supertest'
import { expect, test } from 'vitest'
import {
  admin,
  askForDeviceCode,
  connectDevice,
  connectMeraki,
  merakiSecret,
  newCode,
  paths,
  post,
  refresh,
  signedIn,
} from '../authorization-server/protocol.ts'
import { ownRedis, plainClient } from '../support/own-redis.ts'
import { Person } from '../support/person.ts'
import { nodeOn } from './redis-ground.ts'

async function allKeys(redis: Redis): Promise<readonly string[]> {
  const keys = new Set<string>()
  for await (const some of redis.scanStream({ count: 500 })) for (const key of some as string[]) keys.add(key)
  return [...keys].toSorted()
}

test('every key of a Redis that was used has a lifetime but the head, and all are in one slot', async () => {
  const redis = await ownRedis()
  const node = await nodeOn(redis.url.href)
  const person = await signedIn(node)
  const tokens = await connectMeraki(node, person)
  await refresh(node, tokens.refresh_token)
  const ended = await connectMeraki(node, person)
  await post(node, paths.revoke, { ...merakiSecret, token: ended.access_token })
  await connectDevice(node, person)
  await askForDeviceCode(node)
  await newCode(node, person)
  await request(node.url).get('/v7/account-groups').set('Authorization', `Bearer ${tokens.access_token}`)
  await request(node.url)
    .post(paths.clients)
    .send({ redirect_uris: ['https://app.example/cb'] })
  const stranger = new Person()
  await stranger.open(`${node.url}/account/sign-in`)
  await stranger.signIn(admin.email, 'a wrong password')
  const plain = plainClient(redis)
  const keys = await allKeys(plain)
  const kinds = new Set(keys.map((key) => key.replace(/^\{panoptes\}:((?:record:)?[\w-]+).*$/, '$1')))
  // A list that is empty proves nothing.
  for (const kind of [
    'record:grant',
    'record:audit',
    'record:user',
    'record:v7',
    'due',
    'endless',
    'index',
    'commit',
  ])
    expect([...kinds]).toContain(kind)
  const endless: string[] = []
  for (const key of keys) if ((await plain.pttl(key)) < 0) endless.push(key)
  expect(endless).toEqual(['{panoptes}:head'])
  expect(keys.filter((key) => !key.startsWith('{panoptes}:'))).toEqual([])
})
