import { connect } from 'node:net'

/**
 * Sends bytes as they are, because HTTP clients rewrite paths and headers before they send.
 * @param head characters 0 to 255, each of which goes out as one byte
 * @returns everything that came back until the server closed or was silent for 300 ms, at most 5 s
 */
export function rawExchange(port: number, head: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    let answer = ''
    const finish = (): void => {
      socket.destroy()
      resolve(answer)
    }
    const limit = setTimeout(finish, 5000)
    socket.on('close', () => clearTimeout(limit))
    socket.on('connect', () => socket.write(Buffer.from(head, 'latin1')))
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1')
      socket.setTimeout(300)
    })
    socket.on('timeout', finish)
    socket.on('end', finish)
    socket.on('error', (error: NodeJS.ErrnoException) =>
      error.code === 'ECONNRESET' || error.code === 'EPIPE' ? finish() : reject(error),
    )
  })
}

/** The status of each answer in what came back. */
export const statusesOf = (answer: string): readonly number[] =>
  [...answer.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status))
