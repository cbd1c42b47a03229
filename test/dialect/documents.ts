import { readFileSync } from 'node:fs'
import { load } from 'js-yaml'
import { loadOpenApi, type OpenApiDocument } from '#upstream/emulator/openapi.ts'
import { type DocumentCheck, documentCheck } from './document-check.ts'

/** The official document is not part of this repository. */
// biome-ignore lint/style/noProcessEnv: where the official document is, on a machine that has it
export const officialFile: string | undefined = process.env['PANOPTES_V7_DOCUMENT']

/** Our own document, rebuilt from config/v7. It merges `allOf`, so that keys that it does not declare are told. */
export async function ownDocument(origin: string): Promise<DocumentCheck> {
  return documentCheck(await loadOpenApi(origin), { closed: true })
}

/** Our own document and, where it is at hand, the official one. */
export async function documentsAtHand(origin: string): Promise<readonly DocumentCheck[]> {
  const own = await ownDocument(origin)
  if (officialFile === undefined) return [own]
  const official = load(readFileSync(officialFile, 'utf8')) as OpenApiDocument
  return [own, documentCheck(official, { closed: false })]
}
