import { once } from 'node:events'
import { connect } from 'node:net'

/**
 * Sends bytes over a connection of its own.
 * @returns all that came back until the other side closed it, or cut it @throws when it does neither within five seconds
 */
export async function rawExchange(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  const pieces: Buffer[] = []
  socket.on('data', (piece) => pieces.push(piece))
  let isOpen = false
  socket.on('error', () => undefined)
  socket.setTimeout(5000, () => {
    isOpen = true
    socket.destroy()
  })
  socket.write(text)
  await once(socket, 'close')
  if (isOpen) throw new Error('the connection stays open')
  return Buffer.concat(pieces).toString('latin1')
}
