/** For the answers of 503 to those who were waiting. */
const lastAnswersMs = 500

/** A store that can no longer be trusted in this process ends it (DECISIONS 85): whoever runs it starts it again. */
export function endWithStore(serving: { readonly lost: Promise<Error> }, log: (entry: object) => void): void {
  void serving.lost.then((error) => {
    log({ event: 'store-lost', error: error.message })
    setTimeout(() => process.exit(1), lastAnswersMs)
  })
}
