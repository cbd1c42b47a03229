/** Fault proxy: stands before a server on loopback, and does to its connections what networks do. It knows no protocol. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

export type Fault =
  | 'pass'
  /** Nobody listens any more, and what was open is cut. */
  | 'refuse'
  /** Connections open and stay open, and nothing moves either way. */
  | 'hang'
  /** A one-way black hole: the server hears nothing, or the client does. */
  | 'lose-requests'
  | 'lose-replies'
  /** Everything takes so much longer each way. */
  | { readonly latencyMs: number }

export interface FaultProxy {
  readonly port: number
  /** What happens from now on, to connections that are open too. What lost bytes or hung is cut by the change to another fault. */
  behave(fault: Fault): Promise<void>
  /** The next request with such words reaches the server; then its connection is cut, and the reply is lost. @returns when that has happened */
  cutAfter(words: RegExp): Promise<void>
  /** Cuts everything; whoever connects again comes to the server on this port. */
  turnTo(port: number): void
}

interface Cut {
  readonly words: RegExp
  readonly done: PromiseWithResolvers<void>
}

const closeMs = 20

/** @returns a proxy to that port of loopback; it ends with the test */
export async function startFaultProxy(towards: number): Promise<FaultProxy> {
  let fault: Fault = 'pass'
  let target = towards
  let cut: Cut | undefined
  const sockets = new Set<Socket>()

  function track(socket: Socket): void {
    sockets.add(socket)
    // Connections that break are what this proxy is for.
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
  }
  function cutAll(): void {
    for (const socket of sockets) socket.destroy()
  }

  /** Hands on what one side says, in order, as the fault of the moment has it. */
  function carry(from: Socket, to: Socket, lost: Fault): void {
    from.on('data', (bytes) => {
      if (fault === 'hang' || fault === lost) return
      if (typeof fault === 'object') setTimeout(() => to.write(bytes), fault.latencyMs)
      else to.write(bytes)
    })
    from.on('close', () => to.destroy())
  }

  function join(client: Socket): void {
    track(client)
    const server = connect(target, '127.0.0.1')
    track(server)
    carry(client, server, 'lose-requests')
    let isCut = false
    client.on('data', (bytes) => {
      if (!cut?.words.test(bytes.toString('latin1'))) return
      const { done } = cut
      cut = undefined
      isCut = true
      // After a moment: the request is to reach the server.
      setTimeout(() => {
        client.destroy()
        done.resolve()
      }, closeMs)
    })
    server.on('data', (bytes) => {
      if (isCut || fault === 'hang' || fault === 'lose-replies') return
      if (typeof fault === 'object') setTimeout(() => client.write(bytes), fault.latencyMs)
      else client.write(bytes)
    })
    server.on('close', () => client.destroy())
  }

  const listen = async (port: number): Promise<Server> => {
    const server = createServer(join).listen(port, '127.0.0.1')
    await once(server, 'listening')
    return server
  }
  let listening: Server | undefined = await listen(0)
  const { port } = listening.address() as AddressInfo
  onTestFinished(() => {
    listening?.close()
    cutAll()
  })

  return {
    port,
    async behave(next) {
      if (next === fault) return
      const isTainted = fault === 'hang' || fault === 'lose-requests' || fault === 'lose-replies'
      fault = next
      if (isTainted || next === 'refuse') cutAll()
      if (next === 'refuse') {
        listening?.close()
        listening = undefined
      } else listening ??= await listen(port)
    },
    cutAfter(words) {
      cut = { words, done: Promise.withResolvers() }
      return cut.done.promise
    },
    turnTo(other) {
      target = other
      cutAll()
    },
  }
}
