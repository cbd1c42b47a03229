import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ourStart, type ServerProcess, startServer } from './server-process.ts'

/** An emulator under load: all limits stand and are counted; only their number is out of reach. @param options further ones */
export async function openEmulator(options: readonly string[] = []): Promise<ServerProcess> {
  const directory = mkdtempSync(join(tmpdir(), 'panoptes-bench-'))
  const config = join(directory, 'bench.yaml')
  writeFileSync(config, 'callsPerMinute: 1000000000\n')
  const ports = ['--port', '0', '--operator-port', '0']
  try {
    return await startServer([...ourStart, '--json', ...ports, '--config', config, ...options])
  } finally {
    // It has been read before the server says that it is ready.
    rmSync(directory, { recursive: true, force: true })
  }
}
