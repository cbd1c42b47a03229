import { randomBytes } from 'node:crypto'
import { expect, onTestFinished, test } from 'vitest'
import { storedOutbox } from '#mail/outbox.ts'
import { newKeyMaterial } from '#secrets/key-file.ts'
import { secretsFrom } from '#secrets/secrets.ts'
import { openStore } from '#store/open-store.ts'
import { fakeClock } from '../support/fake-clock.ts'

async function open() {
  const clock = fakeClock()
  const { store } = await openStore({ kind: 'sqlite', path: ':memory:' }, { clock, random: randomBytes })
  onTestFinished(() => store.close())
  const secrets = secretsFrom(await newKeyMaterial(randomBytes), randomBytes)
  return { clock, store, outbox: storedOutbox({ store, secrets, clock, randomBytes }) }
}

const letter = (subject: string, to = 'ops@acme.example') => ({ to, subject, text: 'a secret' })

test('lists messages newest first, of one address however it is written', async () => {
  const { outbox, clock } = await open()
  await outbox.send(letter('one'))
  clock.advance(1)
  await outbox.send(letter('two', 'viewer@acme.example'))
  expect((await outbox.list()).map(({ subject }) => subject)).toEqual(['two', 'one'])
  expect((await outbox.list(' OPS@Acme.example ')).map(({ subject }) => subject)).toEqual(['one'])
  expect(await outbox.list('nobody@acme.example')).toEqual([])
})

test('keeps the newest hundred, each for a day', async () => {
  const { outbox, clock } = await open()
  for (let number = 0; number < 120; number += 1) {
    await outbox.send(letter(`number ${number}`))
    clock.advance(1)
  }
  const messages = await outbox.list()
  expect(messages).toHaveLength(100)
  expect([messages[0]?.subject, messages[99]?.subject]).toEqual(['number 119', 'number 20'])
  clock.advance(86_400)
  expect(await outbox.list()).toEqual([])
})

test('is empty once it is cleared', async () => {
  const { outbox } = await open()
  await outbox.clear()
  await outbox.send(letter('one'))
  await outbox.clear()
  expect(await outbox.list()).toEqual([])
})

test('has no text of a message at rest', async () => {
  const { outbox, store } = await open()
  await outbox.send(letter('the subject'))
  const records = JSON.stringify(await store.list('outbox'))
  expect(records).toContain('outbox:')
  expect(records).not.toMatch(/a secret|the subject|ops@acme/)
})
