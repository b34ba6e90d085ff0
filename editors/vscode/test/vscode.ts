// As much of VS Code as the extension and vscode-languageclient use to open one Go file: classes and events that work,
// and for everything else something that takes any call.

import { fileURLToPath, pathToFileURL } from "node:url";

type Listener = (event: unknown) => void;

class EventEmitter {
  private readonly listeners = new Set<Listener>();
  readonly event = (listener: Listener, self?: unknown): Disposable => {
    const bound = self === undefined ? listener : listener.bind(self);
    this.listeners.add(bound);
    return new Disposable(() => this.listeners.delete(bound));
  };
  fire(event: unknown): void {
    for (const listener of [...this.listeners]) {
      listener(event);
    }
  }
  dispose(): void {
    this.listeners.clear();
  }
}

class Disposable {
  constructor(readonly dispose: () => unknown) {}
  static from(...all: Disposable[]): Disposable {
    return new Disposable(() => {
      all.forEach((one) => one.dispose());
    });
  }
}

class Uri {
  private constructor(private readonly text: string) {}
  static parse(text: string): Uri {
    return new Uri(text);
  }
  static file(path: string): Uri {
    return new Uri(pathToFileURL(path).href);
  }
  get scheme(): string {
    return this.text.slice(0, this.text.indexOf(":"));
  }
  get fsPath(): string {
    return fileURLToPath(this.text);
  }
  get path(): string {
    return new URL(this.text).pathname;
  }
  toString(): string {
    return this.text;
  }
}

class Position {
  constructor(
    readonly line: number,
    readonly character: number,
  ) {}
}

class Range {
  constructor(
    readonly start: Position,
    readonly end: Position,
  ) {}
}

class Location {
  constructor(
    readonly uri: Uri,
    readonly range: Range,
  ) {}
}

class Diagnostic {
  code: unknown;
  source: string | undefined;
  relatedInformation: DiagnosticRelatedInformation[] | undefined;
  constructor(
    readonly range: Range,
    readonly message: string,
    readonly severity: number,
  ) {}
}

class DiagnosticRelatedInformation {
  constructor(
    readonly location: Location,
    readonly message: string,
  ) {}
}

class CancellationTokenSource {
  readonly token = { isCancellationRequested: false, onCancellationRequested: new EventEmitter().event };
  cancel(): void {
    this.token.isCancellationRequested = true;
  }
  dispose(): void {
    // Nothing is held.
  }
}

/** Takes any call, has any member, and is a class to extend. */
// eslint-disable-next-line @typescript-eslint/no-extraneous-class
const Anything: unknown = new Proxy(class {}, {
  get: (target, name) => {
    switch (name) {
      case "prototype":
        return target.prototype;
      // Not something to wait for.
      case "then":
        return undefined;
      case Symbol.toPrimitive:
        return () => 0;
      case Symbol.iterator:
        return () => [][Symbol.iterator]();
      default:
        return Anything;
    }
  },
  apply: () => Anything,
});

function lenient<T extends object>(known: T): T {
  return new Proxy(known, {
    get: (target, name) => {
      if (name in target) {
        return Reflect.get(target, name) as unknown;
      }
      return typeof name === "string" && /^on(Did|Will)/.test(name) ? new EventEmitter().event : Anything;
    },
  });
}

class TabInputText {
  constructor(readonly uri: Uri) {}
}

/** A document that is open. */
export interface Document {
  readonly uri: Uri;
  readonly languageId: string;
  readonly version: number;
  getText(): string;
}

/** One VS Code with a folder, a document and settings. */
export function makeVscode(folder: string, file: string, text: string, settings: Record<string, unknown>) {
  const status = { text: "", detail: "", severity: 0, name: "", command: undefined, dispose: () => undefined };
  const shown = new Map<string, readonly Diagnostic[]>();
  const errors: string[] = [];
  const messages: string[] = [];
  const commands = new Map<string, (...args: unknown[]) => unknown>();
  const changed = new EventEmitter();
  const document: Document = {
    uri: Uri.file(file),
    languageId: "go",
    version: 1,
    getText: () => text,
  };
  const channel = lenient({
    error: (line: string) => errors.push(line),
    dispose: () => undefined,
    onDidChangeLogLevel: new EventEmitter().event,
    logLevel: 2,
  });
  const collection = lenient({
    name: "goleash",
    set: (uri: Uri, diagnostics: readonly Diagnostic[]) => {
      shown.set(uri.toString(), diagnostics);
      changed.fire(undefined);
    },
    delete: (uri: Uri) => shown.delete(uri.toString()),
    clear: () => {
      shown.clear();
    },
    has: () => false,
    dispose: () => undefined,
  });
  const api = lenient({
    version: "1.91.0",
    EventEmitter,
    Disposable,
    Uri,
    Position,
    Range,
    Location,
    Diagnostic,
    DiagnosticRelatedInformation,
    DiagnosticSeverity: { Error: 0, Warning: 1, Information: 2, Hint: 3 },
    LanguageStatusSeverity: { Information: 0, Warning: 1, Error: 2 },
    CancellationTokenSource,
    CancellationError: Error,
    TabInputText,
    env: lenient({ appName: "a test", language: "en", isTelemetryEnabled: false }),
    window: lenient({
      createOutputChannel: () => channel,
      showErrorMessage: (line: string) => {
        errors.push(line);
        return Promise.resolve(undefined);
      },
      showInformationMessage: (line: string) => {
        messages.push(line);
        return Promise.resolve(undefined);
      },
      visibleTextEditors: [{ document }],
      activeTextEditor: { document },
      tabGroups: lenient({ all: [{ tabs: [{ input: new TabInputText(document.uri) }] }] }),
    }),
    workspace: lenient({
      workspaceFolders: [{ uri: Uri.file(folder), name: "m", index: 0 }],
      textDocuments: [document],
      notebookDocuments: [],
      getConfiguration: (section?: string) => {
        const prefix = section === undefined || section === "" ? "" : `${section}.`;
        return {
          get: (name: string, otherwise: unknown) => settings[prefix + name] ?? otherwise,
          has: () => false,
          inspect: () => undefined,
        };
      },
      getWorkspaceFolder: () => undefined,
    }),
    languages: lenient({
      createLanguageStatusItem: () => status,
      createDiagnosticCollection: () => collection,
      match: (_: unknown, candidate: Document) => (candidate.languageId === "go" ? 10 : 0),
    }),
    commands: lenient({
      registerCommand: (name: string, run: (...args: unknown[]) => unknown) => {
        commands.set(name, run);
        return new Disposable(() => commands.delete(name));
      },
    }),
  });
  return { api, status, shown, errors, messages, commands, changed: changed.event };
}
