/** A tool can't be had on this machine; the message says what is needed. */
export class ToolError extends Error {
  override readonly name = "ToolError";
}
