/** A collector of OpenTelemetry: takes what programs tell of themselves, by OTLP over HTTP in JSON. */
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { buffer } from "node:stream/consumers"
import { gunzipSync } from "node:zlib"
import type { Json } from "./Wire.ts"

type Attributes = { readonly [name: string]: unknown }

/** A span as it arrived. */
export interface Span {
  readonly service: string
  readonly name: string
  readonly traceId: string
  readonly spanId: string
  readonly parent: string | undefined
  readonly kind: string
  readonly status: string
  readonly attributes: Attributes
}

/** One series of a histogram as it arrived last. */
export interface Series {
  readonly service: string
  readonly name: string
  readonly unit: string
  readonly count: number
  readonly bounds: ReadonlyArray<number>
  readonly attributes: Attributes
}

const valueOf = (value: Json): unknown => {
  const [[kind, content]] = Object.entries<Json>(value) as [[string, Json]]
  return kind === "intValue" ? Number(content) : content
}

const attributesOf = (list: Json = []): Attributes =>
  Object.fromEntries(list.map(({ key, value }: Json) => [key, valueOf(value)]))

const serviceOf = ({ resource }: Json): string => String(attributesOf(resource.attributes)["service.name"])

// The numbers of the protocol.
const kinds = ["unspecified", "internal", "server", "client"]
const statuses = ["unset", "ok", "error"]

/** See the module. */
export class Collector {
  readonly spans: Array<Span> = []
  readonly series: Array<Series> = []
  /** All that was received, as text. */
  text = ""
  private readonly server = createServer((request, response) => {
    void buffer(request).then((body) => {
      const isZipped = request.headers["content-encoding"] === "gzip"
      this.take((isZipped ? gunzipSync(body) : body).toString())
      response.writeHead(200, { "content-type": "application/json" }).end("{}")
    })
  })

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve))
  }

  /** Where programs send it. */
  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}` // it listens on a port
  }

  /** The only span of this name of a service. */
  span(service: string, name: string): Span {
    const [span, ...more] = this.spans.filter((span) => span.service === service && span.name === name)
    if (span === undefined || more.length > 0) throw new Error(`${more.length + 1} spans "${name}" of ${service}`)
    return span
  }

  end(): void {
    this.server.closeAllConnections()
    this.server.close()
  }

  private take(text: string): void {
    this.text += text
    const body: Json = JSON.parse(text)
    for (const each of body.resourceSpans ?? []) this.takeSpans(serviceOf(each), each.scopeSpans)
    for (const each of body.resourceMetrics ?? []) this.takeMetrics(serviceOf(each), each.scopeMetrics)
  }

  private takeSpans(service: string, scopes: ReadonlyArray<Json>): void {
    for (const { attributes, kind, name, parentSpanId, spanId, status, traceId } of scopes.flatMap(({ spans }) => spans)) {
      const parent = parentSpanId === "" ? undefined : parentSpanId
      const said = { kind: kinds[kind]!, status: statuses[status?.code ?? 0]!, attributes: attributesOf(attributes) }
      this.spans.push({ service, name, traceId, spanId, parent, ...said })
    }
  }

  private takeMetrics(service: string, scopes: ReadonlyArray<Json>): void {
    for (const { histogram, name, unit } of scopes.flatMap(({ metrics }) => metrics)) {
      for (const { attributes, count, explicitBounds } of histogram?.dataPoints ?? []) {
        const said = { unit, count: Number(count), bounds: explicitBounds, attributes: attributesOf(attributes) }
        this.series.push({ service, name, ...said })
      }
    }
  }
}
