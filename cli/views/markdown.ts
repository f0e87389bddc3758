/** Text in a code block, which shows it as it is: nothing in it can end the block. */
export interface Block {
  /** Language of the block's colours: `diff`, `text`, `mermaid`. */
  readonly language: string;
  readonly lines: readonly string[];
  /** Where the rest can be seen when the block is cut. */
  readonly elsewhere: string;
}

/* A line longer than this is a value that nobody reads in a comment. */
const longestLine = 400;

/** A code block of at most `room` characters. Its last line says how many were left out, where any were. */
export function codeBlock({ language, lines, elsewhere }: Block, room: number): string {
  const shortened = lines.map((line) => (line.length > longestLine ? `${line.slice(0, longestLine)}…` : line));
  const longestRun = Math.max(2, ...shortened.flatMap((line) => line.match(/`+/g) ?? []).map((run) => run.length));
  const fence = "`".repeat(longestRun + 1);
  const frame = (inside: readonly string[]) => [`${fence}${language}`, ...inside, fence].join("\n");
  const whole = frame(shortened);
  if (whole.length <= room) return whole;
  // Room for the longest notice that there can be.
  const notice = (left: number) => `… ${left} more lines: ${elsewhere}`;
  let used = frame([notice(shortened.length)]).length;
  const end = shortened.findIndex((line) => (used += line.length + 1) > room);
  const shown = shortened.slice(0, Math.max(0, end));
  return frame([...shown, notice(shortened.length - shown.length)]);
}

/** What a reader opens by a click. GitHub needs the empty lines to read the content as Markdown. */
export function collapsed(summary: string, content: string): string {
  return `<details><summary>${summary}</summary>\n\n${content}\n\n</details>`;
}
