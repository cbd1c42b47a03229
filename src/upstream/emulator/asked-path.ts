/** The path below /v7 as it was asked for: the template with its values, percent-encoded. */
export const askedPath = (path: string, parameters: Readonly<Record<string, string>>): string =>
  path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(parameters[name] ?? ''))
