/** A KMS: keys that never leave it, asked over HTTP, with the words of a broker's port only in what asks it. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { KeyEncryption, WrappedKey } from '#broker/key-encryption.ts'
import { refuse } from '#domain/refusal.ts'

/** `away` breaks every question off, `hanging` answers none. */
type Mood = 'well' | 'away' | 'hanging'

export interface SmallKms extends AsyncDisposable {
  /** What a broker asks it by, with the keys of these ids, newest first. */
  keys(...ids: readonly [string, ...string[]]): KeyEncryption
  become(mood: Mood): void
  /** All that it was sent. */
  readonly heard: string[]
}

function wrap(key: Buffer, context: string, plain: Buffer): string {
  const vector = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', key, vector).setAAD(Buffer.from(context))
  const body = Buffer.concat([cipher.update(plain), cipher.final()])
  return Buffer.concat([vector, cipher.getAuthTag(), body]).toString('hex')
}

function unwrap(key: Buffer, context: string, wrapped: string): Buffer {
  const bytes = Buffer.from(wrapped, 'hex')
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12))
  decipher.setAAD(Buffer.from(context)).setAuthTag(bytes.subarray(12, 28))
  return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()])
}

interface Question {
  readonly keyId: string
  readonly context: string
  readonly plain?: string
  readonly wrapped?: string
}

function answerTo(key: Buffer | undefined, { context, plain, wrapped }: Question): [number, string] {
  if (!key) return [404, '']
  try {
    if (plain !== undefined) return [200, wrap(key, context, Buffer.from(plain, 'hex'))]
    return [200, unwrap(key, context, wrapped ?? '').toString('hex')]
  } catch {
    return [400, '']
  }
}

export async function startKms(...ids: readonly string[]): Promise<SmallKms> {
  const kept = new Map(ids.map((id) => [id, randomBytes(32)]))
  const heard: string[] = []
  let mood: Mood = 'well'

  async function serve(request: IncomingMessage): Promise<[number, string] | undefined> {
    const asked = await text(request)
    heard.push(asked)
    if (mood === 'away') request.socket.destroy()
    if (mood !== 'well') return undefined
    const question = JSON.parse(asked) as Question
    return answerTo(kept.get(question.keyId), question)
  }

  const server = createServer(async (request, response) => {
    const answer = await serve(request)
    if (answer) response.writeHead(answer[0]).end(answer[1])
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`

  async function ask(question: Question): Promise<[number, string]> {
    const body = JSON.stringify(question)
    const answer = await fetch(url, { method: 'POST', body, signal: AbortSignal.timeout(1_000) })
    return [answer.status, await answer.text()]
  }

  return {
    heard,
    become: (next) => {
      mood = next
    },
    keys: (...named) => ({
      ids: named,
      async wrap(dataKey, context): Promise<WrappedKey> {
        const [keyId] = named
        const [status, wrapped] = await ask({ keyId, context, plain: dataKey.toString('hex') })
        if (status !== 200) throw new Error(`the KMS answered ${status}`)
        return { keyId, wrapped }
      },
      async unwrap({ keyId, wrapped }, context) {
        if (!named.includes(keyId)) return refuse('key_missing', `There is no key ${keyId}.`)
        const [status, plain] = await ask({ keyId, context, wrapped })
        if (status === 200) return Buffer.from(plain, 'hex')
        return status === 404
          ? refuse('key_missing', `There is no key ${keyId}.`)
          : refuse('key_wrong', `The key ${keyId} did not wrap this.`)
      },
    }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((closed) => server.close(closed))
    },
  }
}
