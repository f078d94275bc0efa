/**
 * How the tour looks: 80 columns, colours where the terminal has them and `NO_COLOR` does not forbid them.
 */
import { stripVTControlCharacters, styleText } from "node:util"
import type { Progress } from "@effect-mcp/client/McpClient"
import { Console, Duration, Effect } from "effect"

const columns = 80
const margin = "     "

/** Styles a text where stdout shows it. */
export const style = (format: Parameters<typeof styleText>[0], text: string): string =>
  styleText(format, text, { stream: process.stdout })

export const dim = (text: string): string => style("dim", text)
export const bold = (text: string): string => style("bold", text)

/** A line of the tour; nothing for an empty one. */
export const say = (text = ""): Effect.Effect<void> => Console.log(text === "" ? "" : margin + text)

/** Several lines, such as JSON. */
export const block = (text: string): Effect.Effect<void> =>
  Console.log(
    text
      .split("\n")
      .map((line) => (line === "" ? "" : margin + line))
      .join("\n")
  )

/** A name with what there is to say about it. */
export const fact = (name: string, value: string): Effect.Effect<void> => say(`${style("cyan", name.padEnd(13))}${value}`)

/** The headline of the tour. */
export const title = (name: string, about: string): Effect.Effect<void> =>
  Console.log(`\n  ${style(["bold", "cyan"], name)}  ${about}\n  ${dim("─".repeat(columns - 4))}`)

/** The headline of a step. */
export const step = (number: number, name: string, about: string): Effect.Effect<void> =>
  Console.log(`\n  ${style(["bold", "cyan"], String(number))}  ${bold(name)}  ${dim(about)}\n`)

/** Shortens a text to a width; the beginning goes, since the end of a path says more. */
export const fit = (text: string, width: number): string =>
  text.length <= width ? text : `…${text.slice(text.length - width + 1)}`

// Where there are no styles the marks stay.
const styleMatches = (text: string): string =>
  text.replaceAll(/«([^»]*)»/g, (marked, match: string) => {
    const styled = style(["bold", "yellow"], match)
    return styled === match ? marked : styled
  })

/** A snippet with its matches, which stand in «», in bold; of a longer one the part around the first match. */
export const excerpt = (snippet: string, width: number): string => {
  const first = Math.max(0, snippet.indexOf("«"))
  const from = first < width / 2 ? 0 : snippet.lastIndexOf(" ", first - 12) + 1
  const words = (from === 0 ? snippet : `… ${snippet.slice(from)}`).split(" ")
  while (stripVTControlCharacters(styleMatches(words.join(" "))).length > width) words.pop()
  return styleMatches(words.join(" "))
}

/** A duration for people. */
export const time = (duration: Duration.Duration): string => {
  const millis = Duration.toMillis(duration)
  return millis < 10 ? `${millis.toFixed(1)} ms` : millis < 1000 ? `${Math.round(millis)} ms` : `${(millis / 1000).toFixed(1)} s`
}

const width = 30

const draw = ({ message = "", progress, total = progress }: Progress): string => {
  const ratio = total === 0 ? 1 : progress / total
  const full = Math.round(ratio * width)
  const bar = style("cyan", "█".repeat(full)) + dim("░".repeat(width - full))
  return `${margin}${bar} ${String(Math.round(ratio * 100)).padStart(3)}%  ${dim(fit(message, columns - width - 15))}`
}

/** A bar that moves on a terminal; elsewhere a line for each quarter of the way. */
export const progressBar = () => {
  let quarters = 0
  return {
    update: (progress: Progress): Effect.Effect<void> =>
      Effect.sync(() => {
        if (process.stdout.isTTY) return void process.stdout.write(`\r${draw(progress)}\u001b[K`)
        const reached = Math.floor((4 * progress.progress) / (progress.total ?? progress.progress))
        if (reached > quarters) process.stdout.write(`${draw(progress)}\n`)
        quarters = reached
      }),
    /** Leaves the bar where it is and goes on below. */
    end: Effect.sync(() => {
      if (process.stdout.isTTY) process.stdout.write("\n")
    })
  }
}
