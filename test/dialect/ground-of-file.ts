/** The service that all tests of a file call, put back to the seed before each of them. Known once they run. */
import { afterAll, beforeAll, beforeEach } from 'vitest'
import type { DocumentCheck } from './document-check.ts'
import { documentsAtHand } from './documents.ts'
import { type Ground, openGround } from './ground.ts'

export interface OfFile {
  readonly ground: Ground
}

export interface OfFileWithDocuments extends OfFile {
  readonly documents: readonly DocumentCheck[]
}

const openingMs = 120_000

/** Has the members of what is opened before the first test. */
function openedFor<Opened extends OfFile>(open: () => Promise<Opened>): Opened {
  const opened = {} as Opened
  beforeAll(async () => void Object.assign(opened, await open()), openingMs)
  afterAll(() => opened.ground.close())
  beforeEach(() => opened.ground.reset())
  return opened
}

export const groundOfFile = (): OfFile => openedFor(async () => ({ ground: await openGround() }))

/** In the dialect of the document, with all documents that are at hand. */
export const groundWithDocuments = (): OfFileWithDocuments =>
  openedFor(async () => {
    const ground = await openGround({ PANOPTES_FIDELITY: 'spec' })
    return { ground, documents: await documentsAtHand(ground.service.url) }
  })
