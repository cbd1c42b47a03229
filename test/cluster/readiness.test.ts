import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { watchReadiness } from '../../scripts/cluster/readiness.ts'

const ready: RequestListener = (_, response) => void response.end()
const draining: RequestListener = (_, response) => void response.writeHead(503).end()
const silent: RequestListener = () => undefined

/** A node whose readiness is told as the listener says, and how often it was asked. */
async function watched() {
  let listener = ready
  let questions = 0
  const server = createServer((request, response) => {
    questions += 1
    listener(request, response)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const node = { url, operatorUrl: url }
  const readiness = watchReadiness(() => [node])
  onTestFinished(() => {
    readiness.stop()
    server.close()
    server.closeAllConnections()
  })
  const asked = async (times: number): Promise<void> => {
    const until = questions + times
    while (questions < until) await pause(10)
  }
  await asked(2)
  return {
    asked,
    answer(next: RequestListener) {
      listener = next
    },
    isReady: () => readiness.isReady(node),
  }
}

test('a node that says nothing once stays ready, and is not after the third time', {
  timeout: 20_000,
}, async () => {
  const node = await watched()
  expect(node.isReady()).toBe(true)
  node.answer(silent)
  await node.asked(2)
  expect(node.isReady()).toBe(true)
  node.answer(ready)
  await node.asked(2)
  node.answer(silent)
  await node.asked(3)
  expect(node.isReady()).toBe(true)
  await node.asked(1)
  expect(node.isReady()).toBe(false)
  node.answer(ready)
  await node.asked(2)
  expect(node.isReady()).toBe(true)
})

test('a node that says it drains is not ready at once', async () => {
  const node = await watched()
  expect(node.isReady()).toBe(true)
  node.answer(draining)
  await node.asked(2)
  expect(node.isReady()).toBe(false)
})
