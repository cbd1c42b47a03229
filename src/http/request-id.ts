/**
 * Names for requests, so that an answer, a log line and a person's report can be matched. A name proves nothing and is no secret.
 * @param randomBytes source of the prefix that keeps processes apart
 * @returns a function that names the next request: 12 base64url characters, a dot, a number in base 36
 */
export function requestIds(randomBytes: (size: number) => Buffer): () => string {
  const process = randomBytes(9).toString('base64url')
  let count = 0
  return () => {
    count += 1
    return `${process}.${count.toString(36)}`
  }
}
