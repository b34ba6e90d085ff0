// What the settings mean, without anything of VS Code.

/** How the server is started. */
export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** The settings that decide how the server is started, as the user wrote them. */
export interface LaunchSettings {
  readonly path: string;
  readonly arguments: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/** Where variables in settings lead. */
export interface Places {
  readonly home: string;
  readonly workspaceFolder: string | undefined;
}

/** Replaces `~` at the beginning and `${workspaceFolder}`. */
export function expand(text: string, places: Places): string {
  const home = /^~(?=$|[\\/])/.test(text) ? places.home + text.slice(1) : text;
  return home.replaceAll("${workspaceFolder}", places.workspaceFolder ?? "");
}

/** How the server is to be started. An empty path means the default. */
export function launch(settings: LaunchSettings, places: Places): Launch {
  const command = expand(settings.path.trim(), places);
  return {
    command: command === "" ? "goleash" : command,
    args: settings.arguments,
    env: settings.environment,
  };
}

/** Settings that take effect only when the server is started anew. */
export const RESTARTING: readonly string[] = [
  "goleash.path",
  "goleash.arguments",
  "goleash.environment",
  "goleash.workspaceDiagnostics",
];

/** What to tell when the server cannot be started. */
export function whyNot(command: string, error: unknown): string {
  const code = typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
  const text = error instanceof Error ? error.message : String(error);
  const missing = code === "ENOENT" || text.includes("ENOENT");
  return missing
    ? `goleash is not installed, or not where the setting goleash.path says: \`${command}\``
    : `goleash could not be started: ${text}`;
}
