import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** Stands in front of a port on loopback. */
export interface TcpSwitch extends AsyncDisposable {
  readonly port: number
  /** From now on nothing comes back from there; connections stay open, and what is sent there arrives. */
  swallow(): void
  /** Leads to another port; connections to the one before are cut. */
  leadTo(port: number): void
}

export async function startTcpSwitch(to: number): Promise<TcpSwitch> {
  const sockets = new Set<Socket>()
  let target = to
  let isSwallowing = false
  const track = (socket: Socket, other: () => Socket): void => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => {
      sockets.delete(socket)
      other().destroy()
    })
  }
  const server = createServer((client) => {
    const behind: Socket = connect(target, '127.0.0.1')
    track(client, () => behind)
    track(behind, () => client)
    client.pipe(behind)
    behind.on('data', (bytes) => {
      if (!isSwallowing) client.write(bytes)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    swallow() {
      isSwallowing = true
    },
    leadTo(port) {
      target = port
      isSwallowing = false
      for (const socket of sockets) socket.destroy()
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}
