import { describe, expect, test } from 'vitest'
import { type Machine, setUp } from '../../scripts/set-up.ts'

/** A machine that has some programs and, when it can install, gets those that its archive has. */
function machineWith(
  programs: readonly string[],
  archive?: readonly string[],
): Machine & { asked: string[] } {
  const installed = new Set(programs)
  const asked: string[] = []
  return {
    asked,
    isInstalled: (program) => installed.has(program),
    install:
      archive &&
      (async (wanted) => {
        asked.push(...wanted)
        for (const program of wanted) if (archive.includes(program)) installed.add(program)
      }),
  }
}

const needed = ['chromium', 'redis-server', 'curl']
const useful = ['fiu-utils', 'faketime']
const all = [...needed, ...useful]

describe('test set-up', () => {
  test('installs nothing where all is there', async () => {
    const machine = machineWith(all, all)
    expect(await setUp(machine)).toBeUndefined()
    expect(machine.asked).toEqual([])
  })

  test('installs what is missing, and only that', async () => {
    const machine = machineWith(['chromium', 'curl', 'faketime'], all)
    expect(await setUp(machine)).toBeUndefined()
    expect(machine.asked).toEqual(['redis-server', 'fiu-utils'])
  })

  test('goes on without what only some scenarios of faults need', async () => {
    expect(await setUp(machineWith(needed))).toBeUndefined()
    const machine = machineWith([], needed)
    expect(await setUp(machine)).toBeUndefined()
    expect(machine.asked).toEqual(all)
  })

  test('says in one line what is still missing after it tried', async () => {
    const machine = machineWith([], ['chromium', 'curl'])
    expect(await setUp(machine)).toMatch(/^The tests need redis-server: install it .*$/)
  })

  test('says in one line what to install where it cannot', async () => {
    expect(await setUp(machineWith([]))).toMatch(
      /^The tests need chromium and redis-server and curl: install them .*$/,
    )
  })
})
