import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

const atOnce = 100

/** Connects many clients that each ask once and then keep their connection. @returns those whose connection is kept, and what ends them */
export async function idleClients(
  url: URL,
  count: number,
  authorization: string,
): Promise<{ readonly kept: () => number; readonly end: () => void }> {
  const sockets = new Set<Socket>()
  const head = `GET ${url.pathname}${url.search} HTTP/1.1\r\nHost: ${url.host}\r\nAuthorization: ${authorization}\r\n\r\n`

  async function connectOne(): Promise<void> {
    const socket = connect(Number(url.port), '127.0.0.1')
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket))
    await once(socket, 'connect')
    sockets.add(socket)
    socket.write(head)
    await once(socket, 'data')
    socket.resume()
  }

  for (let connected = 0; connected < count; connected += atOnce)
    await Promise.all(Array.from({ length: Math.min(atOnce, count - connected) }, connectOne))
  return {
    kept: () => sockets.size,
    end() {
      for (const socket of sockets) socket.destroy()
    },
  }
}
