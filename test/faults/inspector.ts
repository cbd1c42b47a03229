/** Node's own inspector in a node: what its heap holds, and faults that only its inside can have. The program knows nothing of it. */
import { onTestFinished } from 'vitest'

export interface Inspector {
  /** After a collection: bytes of objects, and of the buffers that they hold. What nobody holds any more does not count. */
  heldBytes(): Promise<number>
  /** @param script is run in the node's global scope; it is waited for @returns its value, which has to be JSON */
  run(script: string): Promise<unknown>
  /** A process does not end by itself while somebody inspects it. */
  close(): void
}

/** So that an inspector is there, at any free port of loopback, which Node then says on standard error. */
export const inspectable: readonly string[] = ['--inspect=127.0.0.1:0']

/** @param log of the node's standard error; its latest life counts */
const addressIn = (log: string): string => log.match(/ws:\/\/127\.0\.0\.1:\S+/g)?.at(-1) ?? ''

interface HeapUsage {
  readonly usedSize: number
  readonly backingStorageSize: number
}

interface Evaluation {
  readonly result: { readonly value: unknown }
  readonly exceptionDetails?: { readonly exception?: { readonly description?: string } }
}

/** @param log what a node said that began as `inspectable` */
export async function openInspector(log: string): Promise<Inspector> {
  const socket = new WebSocket(addressIn(log))
  onTestFinished(() => socket.close())
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve, { once: true })
    socket.addEventListener('error', reject, { once: true })
  })
  let asked = 0
  const waiting = new Map<number, (result: unknown) => void>()
  socket.addEventListener('message', ({ data }) => {
    const { id, result } = JSON.parse(String(data)) as { id: number; result: unknown }
    waiting.get(id)?.(result)
    waiting.delete(id)
  })
  const ask = (method: string, params: object = {}): Promise<unknown> => {
    asked += 1
    socket.send(JSON.stringify({ id: asked, method, params }))
    return new Promise((resolve) => void waiting.set(asked, resolve))
  }
  return {
    async heldBytes() {
      await ask('HeapProfiler.collectGarbage')
      const { usedSize, backingStorageSize } = (await ask('Runtime.getHeapUsage')) as HeapUsage
      return usedSize + backingStorageSize
    },
    async run(script) {
      const asking = ask('Runtime.evaluate', { expression: script, awaitPromise: true, returnByValue: true })
      const { result, exceptionDetails } = (await asking) as Evaluation
      if (exceptionDetails) throw new Error(exceptionDetails.exception?.description)
      return result.value
    },
    close: () => socket.close(),
  }
}
