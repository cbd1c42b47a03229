/** The file of a checkpoint: a number, made durable with each start and written over while records change (sqlite-checkpoint.ts). */
import { closeSync, constants, fdatasyncSync, openSync, readFileSync, writeSync } from 'node:fs'
import { open } from 'node:fs/promises'

/** Of one length, so that writing a number over another one leaves nothing of it, wherever the power goes. */
const textOf = (number: number): string => `${number}`.padEnd(15).concat('\n')

/** @returns 0 for a file that was made and not written yet */
function numberIn(text: string, file: string): number {
  const words = text.replaceAll('\0', '').trim()
  if (words === '' || /^\d{1,15}$/.test(words)) return Number(words)
  throw new Error(
    `its checkpoint ${file} is no number; remove it if you know that these records are the newest`,
  )
}

/** @returns 0 where there is none */
export function readNumber(file: string): number {
  try {
    return numberIn(readFileSync(file, 'utf8'), file)
  } catch (failure) {
    if (codeOf(failure) === 'ENOENT') return 0
    // That of a directory says no name.
    throw codeOf(failure) === undefined
      ? failure
      : new Error(`its checkpoint ${file} cannot be read: ${(failure as Error).message}`, { cause: failure })
  }
}

const codeOf = (failure: unknown): string | undefined => (failure as NodeJS.ErrnoException).code

/** Written over, not replaced: that needs no room on a full disk, and may be a file that was mounted by itself. */
const flags = constants.O_RDWR | constants.O_CREAT
const mode = 0o600

/** Brings the number of a start to the disk. @throws Error when the file cannot be there, as then nothing would tell an older copy */
export function beginFile(file: string, number: number): void {
  try {
    const descriptor = openSync(file, flags, mode)
    try {
      // Another process may be ahead of one that stood still meanwhile.
      if (numberIn(readFileSync(descriptor, 'utf8'), file) < number) writeSync(descriptor, textOf(number), 0)
      fdatasyncSync(descriptor)
    } finally {
      closeSync(descriptor)
    }
  } catch (failure) {
    if (!['ENOSPC', 'EDQUOT'].includes(codeOf(failure) ?? ''))
      throw new Error(`its checkpoint cannot be written: ${(failure as Error).message}`, { cause: failure })
  }
}

/** The number while records change. Never synced: what the power takes with it says less, and nothing wrong. */
export async function raiseFile(file: string, number: number): Promise<void> {
  const handle = await open(file, flags, mode)
  try {
    if (numberIn(await handle.readFile('utf8'), file) < number) await handle.write(textOf(number), 0)
  } finally {
    await handle.close()
  }
}
