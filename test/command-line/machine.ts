/** A machine as the doctor sees it, made of answers that a test gives; what it says nothing about is in order. */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished } from 'vitest'
import { examine } from '../../src/command-line/doctor/doctor.ts'
import type { Machine } from '../../src/command-line/doctor/examination.ts'
import type { Finding } from '../../src/command-line/doctor/finding.ts'
import { readSettings } from '../../src/settings.ts'

/** A day on which this program existed already. */
export const today: number = Date.UTC(2027, 0, 15, 12)

export const machineWith = (given: Partial<Machine> = {}): Machine => ({
  nodeVersion: '24.21.0',
  platform: 'linux',
  now: () => today,
  randomBytes,
  bind: async () => undefined,
  resolve: async () => [],
  addresses: () => ['127.0.0.1', '192.0.2.10'],
  ask: async () => undefined,
  ...given,
})

export const examined = (
  options: readonly string[],
  machine: Partial<Machine> = {},
): Promise<readonly Finding[]> => examine(() => readSettings(options, {}), machineWith(machine))

/** What was found on one thing, as `warn leads nowhere`. @throws when nothing was, or more than one thing */
export function on(about: string, findings: readonly Finding[]): string {
  const found = findings.filter((finding) => finding.about === about)
  expect(found.map(({ words }) => words)).toHaveLength(1)
  expect(found[0]?.words).not.toContain('\n')
  return `${found[0]?.verdict} ${found[0]?.words}`
}

export function freshFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'panoptes-doctor-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
