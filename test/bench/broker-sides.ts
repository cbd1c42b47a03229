/** A broker, a bare proxy, and the upstream of both, each a process of its own. */
import { connectDevice } from './connect-device.ts'
import { type ServerProcess, startServer } from './server-process.ts'

export interface BrokerSides extends AsyncDisposable {
  readonly ours: ServerProcess
  readonly bare: ServerProcess
  readonly upstream: ServerProcess
  /** With the token of a connection, which the two others do not look at. */
  readonly headers: Readonly<Record<string, string>>
}

export async function startBrokerSides(): Promise<BrokerSides> {
  const stack = new AsyncDisposableStack()
  try {
    const upstream = stack.use(await startServer(['test/bench/peers/upstream.ts'], 'load'))
    const origin = String(upstream.ready['url'])
    const bare = stack.use(await startServer(['test/bench/peers/bare-undici-proxy.ts', origin]))
    const ours = stack.use(
      await startServer(['--max-semi-space-size=16', 'test/bench/broker-process.ts', origin]),
    )
    const { access_token: token = '' } = await connectDevice(
      String(ours.ready['url']),
      'tests:manage agents:manage',
    )
    return {
      ...{ ours, bare, upstream },
      headers: { authorization: `Bearer ${token}` },
      [Symbol.asyncDispose]: () => stack.disposeAsync(),
    }
  } catch (error) {
    await stack.disposeAsync()
    throw error
  }
}
