/** What tests of the Redis store stand on: one Redis for a file, stores on records of their own, and what these have at hand. */
import { randomBytes } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, expect, onTestFinished } from 'vitest'
import type { OpenedStore } from '#store/images.ts'
import { openRedisStore } from '#store/redis.ts'
import type { Store, StoredRecord } from '#store/store.ts'
import { type RedisServer, startRedisServer } from '../support/redis-server.ts'

/** @returns the Redis of the file, which is there while its tests run */
export function redisOfFile(): () => RedisServer {
  let server: RedisServer | undefined
  beforeAll(async () => {
    server = await startRedisServer()
  })
  afterAll(() => server?.[Symbol.asyncDispose]())
  return () => {
    if (!server) throw new Error('the Redis of the file is not there')
    return server
  }
}

type Parts = Omit<Parameters<typeof openRedisStore>[0], 'random'>

/** A handle that is closed when the test has finished. */
export async function openOnRedis(parts: Parts): Promise<OpenedStore> {
  const opened = await openRedisStore({ random: randomBytes, ...parts })
  onTestFinished(() => opened.store.close())
  return opened
}

/** What the store answers without asking Redis; undefined when it has to ask. */
export function atHand(store: Store, key: string): readonly (StoredRecord | undefined)[] | undefined {
  const read = store.read([key], 'recent')
  if (!(read instanceof Promise)) return read
  read.catch(() => undefined)
  return undefined
}

/** Reads until the record is kept at hand: a node believes nothing before it has heard its own first beat. */
export async function untilAtHand(store: Store, key: string): Promise<void> {
  for (let attempt = 0; attempt < 400 && !atHand(store, key)?.[0]; attempt += 1) await pause(25)
  expect(atHand(store, key)).toMatchObject([{ key }])
}
