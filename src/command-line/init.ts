/** `panoptes init`: a configuration of a broker that works as it is, with fresh keys, where there was none. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, extname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { localKeyLine, newLocalKey } from '#broker/local-keys.ts'
import { SettingsError } from '../settings.ts'
import type { CommandLineParts } from './command-line.ts'

const example = new URL('../../config/broker.example.yaml', import.meta.url)

function pathOf(args: readonly string[]): string {
  try {
    const { config = 'broker.yaml' } = parseArgs({
      args: [...args],
      options: { config: { type: 'string' } },
    }).values
    return config
  } catch (error) {
    throw new SettingsError(`init: ${(error as Error).message.split('.')[0]}; allowed is --config FILE`)
  }
}

/** For its owner alone, and only where nothing is. @throws SettingsError in one line */
function writeNew(path: string, text: string): void {
  try {
    writeFileSync(path, text, { flag: 'wx', mode: 0o600 })
  } catch (cause) {
    const { code } = cause as { readonly code?: string }
    throw new SettingsError(
      code === 'EEXIST'
        ? `init: ${path} is there already and stays as it is; allowed is --config FILE with another name`
        : `init: ${path} cannot be written (${code}); allowed is --config FILE in a directory that is there and may be written`,
    )
  }
}

/** The example with two of its lines said. @throws when the example has no such line */
function configuration(keyFile: string, operatorToken: string): string {
  const said = { keyEncryptionKeyFile: keyFile, operatorToken }
  let text = readFileSync(example, 'utf8')
  for (const [key, value] of Object.entries(said)) {
    const line = new RegExp(`^# ${key}: .*$`, 'm')
    if (!line.test(text)) throw new Error(`config/broker.example.yaml has no line for ${key}`)
    text = text.replace(line, () => `${key}: ${value}`)
  }
  return text
}

/** @returns the exit code @throws SettingsError in one line, having written nothing */
export async function init(
  args: readonly string[],
  { surroundings, print }: Pick<CommandLineParts, 'surroundings' | 'print'>,
): Promise<number> {
  const { randomBytes } = surroundings
  const config = pathOf(args)
  const keyName = `${basename(config, extname(config))}.keys`
  const keyPath = join(dirname(resolve(config)), keyName)
  const keys = `# Key-encryption keys, newest first: docs/broker.md, Keys\n${localKeyLine(newLocalKey(randomBytes))}\n`
  const text = configuration(keyName, `operator-${randomBytes(24).toString('hex')}`)
  writeNew(keyPath, keys)
  try {
    writeNew(resolve(config), text)
  } catch (failure) {
    rmSync(keyPath)
    throw failure
  }
  print(
    [
      `Wrote ${config}: every key of a broker, explained, with an operator token of its own.`,
      `Wrote ${keyPath}: the key that seals the tokens of users. Keep a copy of it, and not beside the records.`,
      '',
      'Next',
      `  npx panoptes serve --config ${config}`,
      `  npx panoptes users add --region us1 --email YOU@COMPANY --organization ID --operator-token "$(sed -n 's/^operatorToken: //p' ${config})"`,
      '  open http://localhost:7070/account, sign in, and link your ThousandEyes account',
    ].join('\n'),
  )
  return 0
}
