/** Holds the write lock of the SQLite file named by its argument until it is told to end. */
import { DatabaseSync } from 'node:sqlite'

const database = new DatabaseSync(JSON.parse(process.argv[2] ?? '') as string, { timeout: 5_000 })
database.exec('BEGIN EXCLUSIVE')
process.once('message', () => {
  database.exec('ROLLBACK')
  process.disconnect()
})
process.once('disconnect', () => process.exit())
process.send?.('ready')
