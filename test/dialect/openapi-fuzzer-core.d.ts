declare module 'openapi-fuzzer-core' {
  export interface FuzzedRequest {
    readonly name: 'PATH' | 'METHOD' | 'PATH PARAMS' | 'QUERY PARAMS' | 'BODY'
    readonly request: {
      readonly method: string
      readonly path: string
      readonly pathParams?: Readonly<Record<string, unknown>>
      readonly queryParams?: Readonly<Record<string, unknown>>
      readonly body?: unknown
    }
    readonly expect: { readonly status: readonly number[] }
  }
  const fuzzer: { swagger(document: object): readonly FuzzedRequest[] }
  // biome-ignore lint/style/noDefaultExport: it is what the package has
  export default fuzzer
}
