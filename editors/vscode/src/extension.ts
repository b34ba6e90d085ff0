// Starts the server for Go files, shows its version, and starts it anew when that is needed.

import { homedir } from "node:os";
import * as vscode from "vscode";
import { LanguageClient, RevealOutputChannelOn, State } from "vscode-languageclient/node";
import { RESTARTING, launch, whyNot } from "./settings";

const INSTALL = "https://github.com/goleash/goleash#install";
// What has not been saved yet is a package by itself.
const GO = [
  { language: "go", scheme: "file" },
  { language: "go", scheme: "untitled" },
];

let extension: Extension | undefined;

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  extension = new Extension(context);
  await extension.start();
}

export async function deactivate(): Promise<void> {
  await extension?.stop();
  extension = undefined;
}

class Extension {
  private client: LanguageClient | undefined;
  private readonly output = vscode.window.createOutputChannel("goleash", { log: true });
  private readonly status = vscode.languages.createLanguageStatusItem("goleash", GO);
  // Starting and stopping take turns.
  private turn: Promise<void> = Promise.resolve();

  constructor(context: vscode.ExtensionContext) {
    this.status.name = "goleash";
    context.subscriptions.push(
      this.output,
      this.status,
      vscode.commands.registerCommand("goleash.restart", () => this.start()),
      vscode.commands.registerCommand("goleash.showOutput", () => {
        this.output.show();
      }),
      vscode.commands.registerCommand("goleash.showVersion", () => this.showVersion()),
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (RESTARTING.some((setting) => event.affectsConfiguration(setting))) {
          void this.start();
        }
      }),
      vscode.workspace.onDidGrantWorkspaceTrust(() => {
        void this.start();
      }),
    );
  }

  /** Starts the server; one that runs is stopped first. */
  start(): Promise<void> {
    return this.inTurn(async () => {
      await this.end();
      await this.begin();
    });
  }

  stop(): Promise<void> {
    return this.inTurn(() => this.end());
  }

  private inTurn(work: () => Promise<void>): Promise<void> {
    this.turn = this.turn.then(work, work);
    return this.turn;
  }

  private async begin(): Promise<void> {
    const settings = vscode.workspace.getConfiguration("goleash");
    const { command, args, env } = launch(
      {
        path: settings.get("path", "goleash"),
        arguments: settings.get("arguments", ["lsp"]),
        environment: settings.get("environment", {}),
      },
      { home: homedir(), workspaceFolder: vscode.workspace.workspaceFolders?.[0]?.uri.fsPath },
    );
    this.show("$(sync~spin) goleash", `Starting ${command}`);
    const client = new LanguageClient(
      "goleash",
      "goleash",
      { command, args: [...args], options: { env: { ...process.env, ...env } } },
      {
        documentSelector: GO,
        outputChannel: this.output,
        revealOutputChannelOn: RevealOutputChannelOn.Never,
        // Later changes are fetched by the server.
        initializationOptions: { ...settings },
        diagnosticCollectionName: "goleash",
      },
    );
    client.onDidChangeState(({ newState }) => {
      if (this.client === client && newState === State.Stopped) {
        this.show("$(error) goleash", "The server has stopped", vscode.LanguageStatusSeverity.Error);
      }
    });
    try {
      await client.start();
      this.client = client;
      this.show(`$(check) goleash ${version(client)}`, command);
    } catch (error) {
      this.show("$(error) goleash", "The server could not be started", vscode.LanguageStatusSeverity.Error);
      // Nobody should have to answer before anything else is done.
      void this.complain(whyNot(command, error));
    }
  }

  private async end(): Promise<void> {
    const client = this.client;
    this.client = undefined;
    await client?.dispose();
  }

  private show(text: string, detail: string, severity = vscode.LanguageStatusSeverity.Information): void {
    this.status.text = text;
    this.status.detail = detail;
    this.status.severity = severity;
    this.status.command = { title: "Output", command: "goleash.showOutput" };
  }

  private async complain(text: string): Promise<void> {
    this.output.error(text);
    const [install, settings, again] = ["How to Install", "Open Settings", "Try Again"];
    const answer = await vscode.window.showErrorMessage(text, install, settings, again);
    if (answer === install) {
      await vscode.env.openExternal(vscode.Uri.parse(INSTALL));
    } else if (answer === settings) {
      await vscode.commands.executeCommand("workbench.action.openSettings", "goleash.path");
    } else if (answer === again) {
      await this.start();
    }
  }

  private async showVersion(): Promise<void> {
    const text = this.client
      ? `goleash ${version(this.client)} (${this.status.detail ?? ""})`
      : "goleash is not running";
    await vscode.window.showInformationMessage(text);
  }
}

function version(client: LanguageClient): string {
  return client.initializeResult?.serverInfo?.version ?? "of an unknown version";
}
